import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { availableTransitions } from './model.ts';
import { applyNodeEvents } from './node-events.ts';
import type { NodeEvent } from './port.ts';
import {
  FULFILLMENT_TRANSITIONS,
  type FulfillmentOrderStatus,
  type FulfillmentRequestStatus,
  REQUEST_TRANSITIONS,
} from './states.ts';

/** Every state that work can be in, as the two tables have them. */
const states = (Object.keys(FULFILLMENT_TRANSITIONS) as FulfillmentOrderStatus[]).flatMap((status) =>
  (Object.keys(REQUEST_TRANSITIONS) as FulfillmentRequestStatus[]).map((requestStatus) => ({ status, requestStatus })),
);
const bolts = (quantity: number) => [{ lineRef: 'l1', sku: 'BOLT', quantity }];

/** Everything that a node can say about three bolts. */
const news: readonly (readonly [string, Pick<NodeEvent, 'kind'> & Partial<NodeEvent>])[] = [
  ['received', { kind: 'RECEIVED' }],
  ['accepted', { kind: 'ACCEPTED' }],
  ['refused', { kind: 'REFUSED', reason: 'NO_STOCK' }],
  ['cancelled', { kind: 'CANCELLED' }],
  ['picking', { kind: 'PICKING' }],
  ['packed', { kind: 'PACKED' }],
  ['left, all', { kind: 'ISSUED', issued: bolts(3) }],
  ['left, a part', { kind: 'ISSUED', issued: bolts(1) }],
  ['left, the rest is missing', { kind: 'ISSUED', issued: bolts(1), short: bolts(2) }],
  ['left, one is missing', { kind: 'ISSUED', issued: bolts(1), short: bolts(1) }],
  ['left, more than there is', { kind: 'ISSUED', issued: bolts(4) }],
  ['left, something else', { kind: 'ISSUED', issued: [{ lineRef: 'l9', sku: 'NUT', quantity: 1 }] }],
  ['on the counter', { kind: 'READY_FOR_PICKUP' }],
  ['on the counter, one is missing', { kind: 'READY_FOR_PICKUP', short: bolts(1) }],
  ['on the counter, something else is missing', { kind: 'READY_FOR_PICKUP', short: [{ lineRef: 'l9', sku: 'NUT', quantity: 1 }] }],
  ['on the counter, more is missing than there is', { kind: 'READY_FOR_PICKUP', short: bolts(4) }],
  ['picked up', { kind: 'PICKED_UP', issued: bolts(3) }],
]; // biome-ignore format: a table

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'fulfillment']);
});
afterAll(() => database.drop());

interface Step {
  readonly previousStatus: FulfillmentOrderStatus;
  readonly status: FulfillmentOrderStatus;
  readonly previousRequestStatus: FulfillmentRequestStatus;
  readonly requestStatus: FulfillmentRequestStatus;
  readonly handedBack: readonly { readonly quantity: number }[];
}

interface Outcome {
  readonly reason: string | null;
  readonly steps: readonly Step[];
  readonly after: { readonly status: FulfillmentOrderStatus; readonly requestStatus: FulfillmentRequestStatus };
  readonly line: { readonly shipped: number; readonly short: number };
  readonly shipments: number;
}

/** Puts work into a state, lets the node say something, and takes it all back. */
async function tell(
  { status, requestStatus }: (typeof states)[number],
  said: readonly (Pick<NodeEvent, 'kind'> & Partial<NodeEvent>)[],
): Promise<Outcome> {
  let outcome: Outcome | undefined;
  const undone = new Error('undone');
  const events = said.map((event, index) => ({
    ...{ fulfillmentOrderId: 'ful_1', nodeReference: 'N', occurredAt: new Date('2026-11-27T10:00:00Z'), reason: null },
    ...{ packages: [], issued: [], short: [], position: index + 1 },
    ...event,
  }));
  await database.knex
    .transaction(async (trx) => {
      await insertWork(trx, status, requestStatus);
      const unusable = await applyNodeEvents(trx, events);
      outcome = { reason: unusable[0]?.reason ?? null, ...(await readOutcome(trx)) };
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  if (!outcome) throw new Error('nothing came of it');
  return outcome;
}

async function insertWork(trx: Knex.Transaction, status: string, requestStatus: string): Promise<void> {
  await query(
    trx,
    `with f as (
       insert into fulfillment.fulfillment_order (id, order_id, channel_code, location_id, status, request_status, delivery_method, source_key, revision, trace_id)
       values ('ful_1', 'ord_1', 'WEB', 'EAST', ?, ?, 'SHIPPING', 'k', 1, repeat('0', 32))
     )
     insert into fulfillment.fulfillment_order_line (id, fulfillment_order_id, position, order_line_id, sku, quantity)
     values ('fln_1', 'ful_1', 1, 'l1', 'BOLT', 3)`,
    [status, requestStatus],
  );
}

async function readOutcome(trx: Knex.Transaction): Promise<Omit<Outcome, 'reason'>> {
  const steps = await query<{ data: Step }>(
    trx,
    `select data from integration.outbox where subject = 'ful_1' order by version`,
  );
  const [row] = await query<Outcome['after'] & Outcome['line'] & { shipments: number }>(
    trx,
    `select f.status, f.request_status as "requestStatus", l.shipped, l.short, (select count(*)::int from fulfillment.shipment) as shipments
     from fulfillment.fulfillment_order f join fulfillment.fulfillment_order_line l on l.fulfillment_order_id = f.id`,
  );
  if (!row) throw new Error('the work is gone');
  const { status, requestStatus, shipped, short, shipments } = row;
  return {
    steps: steps.map(({ data }) => data),
    after: { status, requestStatus },
    line: { shipped, short },
    shipments,
  };
}

const allows = (table: Readonly<Record<string, readonly string[]>>, from: string, to: string) =>
  from === to || table[from]?.includes(to) === true;

describe.each(states)('work that is $status/$requestStatus', (before) => {
  it('changes only as the tables allow, tells of each change, and of nothing else', async () => {
    for (const [said, event] of news) {
      const { steps, after, line, reason, shipments } = await tell(before, [event]);
      let at: Outcome['after'] = before;
      for (const step of steps) {
        expect([said, step]).toMatchObject([
          said,
          { previousStatus: at.status, previousRequestStatus: at.requestStatus },
        ]);
        expect([said, at.status, step.status, allows(FULFILLMENT_TRANSITIONS, at.status, step.status)].at(-1)).toBe(
          true,
        );
        expect([said, allows(REQUEST_TRANSITIONS, at.requestStatus, step.requestStatus)]).toEqual([said, true]);
        at = step;
      }
      expect([said, after]).toEqual([said, { status: at.status, requestStatus: at.requestStatus }]);
      // Units that will not come are handed back in the same moment, neither more nor fewer.
      const handedBack = steps.flatMap((step) => step.handedBack).reduce((sum, units) => sum + units.quantity, 0);
      expect([said, handedBack]).toEqual([said, line.short]);
      expect([said, shipments]).toEqual([said, line.shipped > 0 ? 1 : 0]);
      if (reason !== null) expect([said, line]).toEqual([said, { shipped: 0, short: 0 }]);
      if (after.status === 'CLOSED' && before.status !== 'CLOSED') expect(line.shipped + line.short).toBe(3);
    }
  });

  it('offers staff only what the tables allow', () => {
    for (const deliveryMethod of ['SHIPPING', 'PICK_UP'] as const) {
      for (const offered of availableTransitions({ ...before, deliveryMethod, nodeReference: 'N-1' })) {
        const [status, requestStatus] = {
          ACCEPT: ['IN_PROGRESS', 'ACCEPTED'],
          REJECT: ['CANCELLED', 'REJECTED'],
          SHIP: ['CLOSED', 'CLOSED'],
          MARK_READY_FOR_PICKUP: ['READY_FOR_PICKUP', before.requestStatus],
          COMPLETE_PICKUP: ['CLOSED', 'CLOSED'],
          HOLD:
            before.requestStatus === 'UNSUBMITTED' ? ['ON_HOLD', 'UNSUBMITTED'] : ['OPEN', 'CANCELLATION_REQUESTED'],
          RELEASE_HOLD: ['OPEN', before.requestStatus],
          SCHEDULE:
            before.requestStatus === 'UNSUBMITTED' ? ['SCHEDULED', 'UNSUBMITTED'] : ['OPEN', 'CANCELLATION_REQUESTED'],
          MARK_AS_OPEN: ['OPEN', before.requestStatus],
          MOVE: before.requestStatus === 'UNSUBMITTED' ? ['CANCELLED', 'CLOSED'] : ['OPEN', 'CANCELLATION_REQUESTED'],
          SPLIT: before.requestStatus === 'UNSUBMITTED' ? ['CANCELLED', 'CLOSED'] : ['OPEN', 'CANCELLATION_REQUESTED'],
          // What gives its units away; what takes them stays as it is.
          MERGE: ['CANCELLED', 'CLOSED'],
        }[offered] as [string, string];
        expect([offered, allows(FULFILLMENT_TRANSITIONS, before.status, status)]).toEqual([offered, true]);
        expect([offered, allows(REQUEST_TRANSITIONS, before.requestStatus, requestStatus)]).toEqual([offered, true]);
      }
    }
  });
});

describe('a node', () => {
  const submitted = { status: 'OPEN', requestStatus: 'SUBMITTED' } as const;
  const closed = { status: 'CLOSED', requestStatus: 'CLOSED' };

  it('that never said that it accepted did, when goods leave', async () => {
    const { reason, steps, after } = await tell(submitted, [{ kind: 'ISSUED', issued: bolts(3) }]);
    expect(reason).toBeNull();
    expect(steps.map(({ requestStatus }) => requestStatus)).toEqual(['ACCEPTED', 'CLOSED']);
    expect(after).toEqual(closed);
  });

  it.each([
    ['goods left', [{ kind: 'ISSUED', issued: bolts(3) }], closed],
    ['a part left', [{ kind: 'ISSUED', issued: bolts(1) }], { status: 'IN_PROGRESS', requestStatus: 'ACCEPTED' }],
    ['the rest is missing', [{ kind: 'ISSUED', issued: bolts(1), short: bolts(1) }], { status: 'INCOMPLETE', requestStatus: 'ACCEPTED' }],
    ['it is on the counter', [{ kind: 'READY_FOR_PICKUP' }], { status: 'READY_FOR_PICKUP', requestStatus: 'ACCEPTED' }],
    ['it was picked up', [{ kind: 'READY_FOR_PICKUP' }, { kind: 'PICKED_UP', issued: bolts(3) }], closed],
  ] as const)('may say late that it accepted, when %s', async (_, said, after) => {
    const late = await tell(submitted, [...said, { kind: 'ACCEPTED' }]);
    expect(late.reason).toBeNull();
    expect(late.after).toEqual(after);
    expect(late.steps).toEqual((await tell(submitted, said)).steps);
  }); // biome-ignore format: a table

  it('may say everything twice', async () => {
    for (const [said, event] of news.filter(([, { kind }]) => kind !== 'RECEIVED')) {
      const once = await tell(submitted, [event]);
      if (once.reason !== null) continue;
      const twice = await tell(submitted, [event, { ...event, position: 1 }]);
      expect([said, twice]).toEqual([said, once]);
    }
  });
});

describe('the news of one piece of work', () => {
  /** Lives of three bolts, as a node tells them. */
  const lives: readonly (readonly (Pick<NodeEvent, 'kind'> & Partial<NodeEvent>)[])[] = [
    [{ kind: 'ACCEPTED' }, { kind: 'ISSUED', issued: bolts(1) }, { kind: 'ISSUED', issued: bolts(2) }],
    [{ kind: 'ACCEPTED' }, { kind: 'PICKING' }, { kind: 'ISSUED', issued: bolts(1), short: bolts(1) }, { kind: 'ISSUED', issued: bolts(1) }],
    [{ kind: 'ACCEPTED' }, { kind: 'ISSUED', issued: bolts(2) }, { kind: 'ISSUED', issued: [], short: bolts(1) }],
  ]; // biome-ignore format: a table

  it('ends the same, in any order and however often it comes, and its units add up at every moment', async () => {
    for (const life of lives) {
      const told = life.map((event, index) => ({ ...event, position: index + 1 }));
      const end = await tell({ status: 'OPEN', requestStatus: 'SUBMITTED' }, told);
      await fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray(told, { minLength: told.length }),
          fc.array(fc.constantFrom(...told), { maxLength: 4 }),
          async (shuffled, again) => {
            const { reason, after, line, steps } = await tell({ status: 'OPEN', requestStatus: 'SUBMITTED' }, [
              ...shuffled,
              ...again,
            ]);
            expect(reason).toBeNull();
            expect([after, line]).toEqual([end.after, end.line]);
            const order = ['OPEN', 'IN_PROGRESS', 'INCOMPLETE', 'CLOSED'];
            const walked = steps.map((step) => order.indexOf(step.status));
            expect(walked).toEqual([...walked].sort((a, b) => a - b));
            const handedBack = steps.flatMap((step) => step.handedBack).reduce((sum, units) => sum + units.quantity, 0);
            expect(handedBack).toBe(line.short);
          },
        ),
        { numRuns: 15 },
      );
    }
  });
});
