import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { createApiKey, revokeApiKey } from './api-keys.ts';
import { createAuthenticate } from './authenticate.ts';
import { DEVELOPMENT_KEYS, seedDevelopmentAccess } from './development-access.ts';
import { callerOn } from './grant.ts';
import { usualScopes } from './scopes.ts';

const traceId = 'f'.repeat(32);
const refusal = { code: 'UNAUTHENTICATED' };
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(['integration']);
  await seedDevelopmentAccess(database.knex);
});
afterAll(() => database.drop());

const authenticateAs = (production: boolean, now = () => 0) =>
  createAuthenticate({ knex: database.knex, production, now });

it('knows the seven development keys, each with its contract and channel', async () => {
  const authenticate = authenticateAs(false);
  const channels: Record<string, unknown> = {};
  for (const [contract, { key }] of Object.entries(DEVELOPMENT_KEYS)) {
    const grant = await authenticate({ 'x-api-key': key }, traceId);
    expect(grant.contracts).toEqual([contract]);
    expect(grant.caller).toMatchObject({
      contract,
      clientId: key,
      customerId: null,
      scopes: usualScopes([contract]),
      traceId,
    });
    channels[contract] = grant.caller.channel && [grant.caller.channel.code, grant.caller.channel.kind];
  }
  expect(channels).toEqual({
    storefront: ['WEB', 'STOREFRONT'],
    'point-of-sale': ['POS', 'POINT_OF_SALE'],
    marketplace: ['AMAZON', 'MARKETPLACE'],
    'business-to-business': ['B2B', 'BUSINESS_TO_BUSINESS'],
    warehouse: null,
    finance: null,
    operations: null,
  });
});

it('brings the rules of the channel', async () => {
  const { caller } = await authenticateAs(false)({ 'x-api-key': 'dev-marketplace' }, traceId);
  expect(caller.channel).toEqual({
    code: 'AMAZON',
    kind: 'MARKETPLACE',
    name: 'Amazon',
    priceList: 'AMAZON',
    currencyCode: 'GBP',
    safetyStock: 2,
    acknowledgementHours: 4,
  });
});

it('seeds once: a second start changes nothing, and does not bring a revoked key back', async () => {
  await revokeApiKey(database.knex, 'dev-finance');
  await seedDevelopmentAccess(database.knex);
  const [row] = await query<{ keys: string; channels: string }>(
    database.knex,
    'select (select count(*) from integration.api_key) as keys, (select count(*) from integration.channel) as channels',
  );
  expect(row).toEqual({ keys: '7', channels: '4' });
  await expect(authenticateAs(false)({ 'x-api-key': 'dev-finance' }, traceId)).rejects.toMatchObject(refusal);
});

it('refuses the well-known keys in production', async () => {
  await expect(authenticateAs(true)({ 'x-api-key': 'dev-storefront' }, traceId)).rejects.toMatchObject(refusal);
});

it.each([
  ['no key', {}],
  ['an empty key', { 'x-api-key': '' }],
  ['an unknown key', { 'x-api-key': 'nope' }],
  ['two keys', { 'x-api-key': ['dev-storefront', 'dev-operations'] }],
  ['a key of absurd length', { 'x-api-key': 'x'.repeat(1_000_000) }],
  ['a key that is SQL', { 'x-api-key': "' or true --" }],
])('refuses %s', async (_, credentials) => {
  await expect(authenticateAs(false)(credentials, traceId)).rejects.toMatchObject(refusal);
});

it('takes the key of a WebSocket however its client spells the name', async () => {
  const grant = await authenticateAs(false)({ 'X-API-Key': 'dev-storefront' }, traceId);
  expect(grant.contracts).toEqual(['storefront']);
});

it('lets a created key speak its contracts and no other, and stores only its hash', async () => {
  const key = await createApiKey(database.knex, {
    clientId: 'acme',
    contracts: ['business-to-business', 'finance'],
    channelCode: 'B2B',
    customerId: 'customer-7',
    scopes: ['invoices'],
  });
  const grant = await authenticateAs(true)({ 'x-api-key': key }, traceId);
  expect(grant.caller).toMatchObject({ clientId: 'acme', customerId: 'customer-7', scopes: ['invoices'] });
  expect(callerOn(grant, 'finance')).toMatchObject({ contract: 'finance', clientId: 'acme' });
  expect(callerOn(grant, 'operations')).toBeNull();
  const rows = await query<{ text: string }>(database.knex, 'select k::text as text from integration.api_key k');
  expect(rows.some(({ text }) => text.includes(key) || text.includes(key.slice(16)))).toBe(false);
});

it('refuses a revoked key within five seconds, the second of open streams included, and asks the database no more often than that', async () => {
  let now = 0;
  const authenticate = authenticateAs(true, () => now);
  const key = await createApiKey(database.knex, { clientId: 'brief', contracts: ['storefront'], channelCode: 'WEB' });
  await authenticate({ 'x-api-key': key }, traceId);
  expect(await revokeApiKey(database.knex, key.slice(0, 14))).toBe(true);
  now = 3_999;
  await expect(authenticate({ 'x-api-key': key }, traceId)).resolves.toMatchObject({ contracts: ['storefront'] });
  now = 4_000;
  await expect(authenticate({ 'x-api-key': key }, traceId)).rejects.toMatchObject(refusal);
});

it('says that the database is down, and asks again as soon as it is back', async () => {
  const down = await createTestDatabase(['integration']);
  await seedDevelopmentAccess(down.knex);
  const authenticate = createAuthenticate({ knex: down.knex, production: false, now: () => 0 });
  await down.knex.raw('alter table integration.api_key rename to away');
  await expect(authenticate({ 'x-api-key': 'dev-storefront' }, traceId)).rejects.toThrow(/api_key/);
  await down.knex.raw('alter table integration.away rename to api_key');
  await expect(authenticate({ 'x-api-key': 'dev-storefront' }, traceId)).resolves.toBeDefined();
  await down.drop();
});
