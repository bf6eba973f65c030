import { expect, it } from '@jest/globals';
import { typedClient } from './typed-client.ts';

const API = `
  type Query { order(id: ID!): Order }
  type Order { id: ID! status: OrderStatus! placedAt: DateTime }
  enum OrderStatus { CAPTURED SHIPPED }
  scalar DateTime`;
const PAGE = { from: 'page.graphql', text: 'query Page($id: ID!) { order(id: $id) { status placedAt } }' };

it('types variables and answer of an operation, with a value for the enum that is still to come', async () => {
  const client = await typedClient(API, [PAGE]);
  expect(client).toContain(
    'export type PageQuery = { readonly order: { readonly status: OrderStatus, readonly placedAt: string | null } | null };',
  );
  expect(client).toMatch(/export type OrderStatus =\s*\| 'CAPTURED'\s*\| 'SHIPPED'\s*\| '%future added value';/);
  expect(client).toContain('as unknown as TypedDocumentString<PageQuery, PageQueryVariables>;');
});

it('is the same for the same contract and documents', async () => {
  expect(await typedClient(API, [PAGE])).toBe(await typedClient(API, [PAGE]));
});

it('refuses a document that the contract does not allow, and says where', async () => {
  const wrong = { from: 'wrong.graphql', text: 'query Wrong($id: ID!) { order(id: $id) { margin } }' };
  await expect(typedClient(API, [wrong])).rejects.toThrow(/Cannot query field "margin" on type "Order"/);
});

it('refuses a scalar that nobody said how clients see', async () => {
  await expect(typedClient(API.replace(/DateTime/g, 'Colour'), [PAGE])).rejects.toThrow(/Unknown scalar type Colour/);
});
