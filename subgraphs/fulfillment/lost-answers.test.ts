import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { startFulfillment, type TestFulfillment } from '../../test/helpers/fulfillment.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import { createFulfillmentSubgraph } from './index.ts';
import type { NodeSystem } from './port.ts';

const warehouse = callerOf({ contract: 'warehouse', clientId: 'warehouse', channel: null });
const { signal } = new AbortController();
let world: TestFulfillment;
/** The same subgraph, whose nodes do what they are asked, and then the line goes dead. */
let cutOff: Subgraph;

beforeAll(async () => {
  world = await startFulfillment();
  const { nodes } = world;
  const silent =
    <Args extends readonly unknown[]>(command: (...args: Args) => Promise<unknown>) =>
    async (...args: Args): Promise<never> => {
      await command(...args);
      throw new CommerceError('SYSTEM_TIMEOUT', 'the node did not answer in time');
    };
  const silentNodes: NodeSystem = {
    ...nodes,
    accept: silent(nodes.accept),
    reject: silent(nodes.reject),
    confirmShipment: silent(nodes.confirmShipment),
    markReadyForPickup: silent(nodes.markReadyForPickup),
    completePickup: silent(nodes.completePickup),
  };
  cutOff = createFulfillmentSubgraph({
    knex: world.database.knex,
    nodes: silentNodes,
    nodeFeed: world.nodeFeed,
    report: async () => undefined,
  });
});
afterAll(() => world.stop());

/** What the node told of the work. */
async function told(workId: string): Promise<string[]> {
  const { entries } = await world.nodes.events(0, 0, signal);
  return entries.flatMap((event) => (event.fulfillmentOrderId === workId ? [event.kind] : []));
}

async function lineOf(workId: string): Promise<string> {
  const rows = await query<{ id: string }>(
    world.database.knex,
    'select id from fulfillment.fulfillment_order_line where fulfillment_order_id = ?',
    [workId],
  );
  return rows[0]?.id ?? '';
}

async function accepted(deliveryMethod: string): Promise<string> {
  const id = await world.submitted({ deliveryMethod });
  await world.nodes.accept((await world.book.nodeReferenceOf(id)) ?? '', signal);
  await world.nodeFeed.catchUp(signal);
  return id;
}

async function onCounter(): Promise<string> {
  const id = await accepted('PICK_UP');
  await world.nodes.markReadyForPickup((await world.book.nodeReferenceOf(id)) ?? '', signal);
  await world.nodeFeed.catchUp(signal);
  return id;
}

interface Command {
  readonly name: string;
  readonly tells: string;
  readonly becomes: string;
  prepare(): Promise<string>;
  input?(workId: string): Promise<object>;
}

const commands: readonly Command[] = [
  { name: 'Accept', tells: 'ACCEPTED', becomes: 'IN_PROGRESS', prepare: () => world.submitted() },
  { name: 'Reject', tells: 'REFUSED', becomes: 'CANCELLED', prepare: () => world.submitted(), input: async () => ({ reason: 'CAPACITY' }) },
  { name: 'Ship', tells: 'ISSUED', becomes: 'CLOSED', prepare: () => accepted('SHIPPING'), input: async (id) => ({ packages: [{ carrier: 'UPS', trackingNumber: id, lines: [{ fulfillmentOrderLineId: await lineOf(id), quantity: 3 }] }] }) },
  { name: 'MarkReadyForPickup', tells: 'READY_FOR_PICKUP', becomes: 'READY_FOR_PICKUP', prepare: () => accepted('PICK_UP') },
  { name: 'CompletePickup', tells: 'PICKED_UP', becomes: 'CLOSED', prepare: onCounter },
]; // biome-ignore format: a table

describe.each(commands)(
  'fulfillmentOrder$name, when its answer was lost',
  ({ name, tells, becomes, prepare, input }) => {
    const field = `fulfillmentOrder${name}`;
    const send = async (subgraph: Subgraph, id: string, key: string, more: object) =>
      ask(
        subgraph,
        `mutation ($id: ID!, $input: ${field[0]?.toUpperCase()}${field.slice(1)}Input!) {
        ${field}(fulfillmentOrderId: $id, input: $input) { fulfillmentOrder { status } userErrors { code } } }`,
        { id, input: { idempotencyKey: key, ...more } },
        warehouse,
      );

    it('is done, once, when it is repeated after the node told of it', async () => {
      const id = await prepare();
      const more = (await input?.(id)) ?? {};
      const key = `lost-${id}`;
      expect(await send(cutOff, id, key, more)).toMatchObject({ errors: [{ extensions: { code: 'SYSTEM_TIMEOUT' } }] });
      await world.nodeFeed.catchUp(signal);
      const answer = { data: { [field]: { fulfillmentOrder: { status: becomes }, userErrors: [] } } };
      // Somebody else, who did not ask for it, is told that it cannot be done any more.
      expect((await send(world.subgraph, id, `other-${id}`, more)).data?.[field]).toMatchObject({
        userErrors: [{ code: 'ILLEGAL_TRANSITION' }],
      });
      expect(await send(world.subgraph, id, key, more)).toEqual(answer);
      expect(await send(world.subgraph, id, key, more)).toEqual({ ...answer, extensions: { idempotentReplay: true } });
      expect((await told(id)).filter((kind) => kind === tells)).toEqual([tells]);
      expect(await query(world.database.knex, 'select key from fulfillment.node_command')).toEqual([]);
    });

    it('does not let its key be used for something else', async () => {
      const id = await prepare();
      const more = (await input?.(id)) ?? {};
      const key = `reused-${id}`;
      await send(cutOff, id, key, more);
      const other = await prepare();
      const before = await told(other);
      expect((await send(world.subgraph, other, key, (await input?.(other)) ?? {})).data?.[field]).toMatchObject({
        userErrors: [{ code: 'IDEMPOTENCY_CONFLICT' }],
      });
      expect(await told(other)).toEqual(before);
      // Nor does that attempt stand in the way of the first.
      for (const replay of [{}, { extensions: { idempotentReplay: true } }]) {
        expect(await send(world.subgraph, id, key, more)).toEqual({
          data: { [field]: { fulfillmentOrder: { status: becomes }, userErrors: [] } },
          ...replay,
        });
        await send(world.subgraph, other, key, (await input?.(other)) ?? {});
      }
    });
  },
);
