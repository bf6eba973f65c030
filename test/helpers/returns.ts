import { expect } from '@jest/globals';
import type { Knex } from 'knex';
import type { Caller } from '../../platform/caller.ts';
import { query } from '../../platform/db/query.ts';
import { strandedParcels } from '../../subgraphs/fulfillment/index.ts';
import { at, stockUp } from '../../subgraphs/inventory/sample-stock.ts';
import { createOrderBook, createOrderSubgraph, keepReturns, loadReturnPolicy } from '../../subgraphs/order/index.ts';
import { arrival } from './arrival.ts';
import { stockCatalogue } from './catalogue.ts';
import { ask, callerOf } from './subgraph.ts';

export const STAFF = callerOf({ contract: 'operations', clientId: 'operations', channel: null });
export const UNIT_PRICE_MINOR = 339;

/** What a workflow would do for an event, as far as the warehouse and the ERP hear of it. */
export interface Effects {
  /** Units put on the shelf, by order line. */
  readonly shelved: Map<string, number>;
  readonly aside: Map<string, number>;
  /** Units on credit memos, by order line. */
  readonly paid: Map<string, number>;
  /** Minor units on credit memos: the share of each line's gross total. */
  readonly credits: { readonly lineId: string; readonly before: number; readonly units: number }[];
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
type Answer = any;

export type ReturnWorld = Awaited<ReturnType<typeof openReturnWorld>>;

/** The order domain with delivered orders, and in place of workflows one that settles the events of returns. */
export async function openReturnWorld(knex: Knex) {
  const policy = loadReturnPolicy();
  const orders = createOrderSubgraph({ knex, returnPolicy: policy, parcels: strandedParcels });
  const book = createOrderBook(knex, undefined, undefined, strandedParcels);
  await stockCatalogue(knex, [
    { sku: 'LANTERN', title: 'Lantern', prices: { WEB: { GBP: UNIT_PRICE_MINOR } } },
    { sku: 'CANDLE', title: 'Candle', prices: { WEB: { GBP: 255 } } },
  ]);
  await stockUp(knex, { LANTERN: { EAST: 100_000 }, CANDLE: { EAST: 100_000 } });
  let keys = 0;
  const key = () => `returns-${++keys}`;
  const effect = () => ({ key: key(), traceId: '0'.repeat(32) });
  const told: { key: string; message: string; units?: readonly { lineId: string; quantity: number }[] }[] = [];
  const effects: Effects = { shelved: new Map(), aside: new Map(), paid: new Map(), credits: [] };
  let settledUpTo = 0;

  const send = async (document: string, variables: Record<string, unknown>, caller: Caller): Promise<Answer> => {
    const answer = await ask(orders, document, variables, caller);
    expect(answer.errors).toBeUndefined();
    return answer.data;
  };

  async function accepted(...quantities: number[]): Promise<{ id: string; lineIds: string[] }> {
    const data = await send(
      'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id lines(first: 9) { nodes { id } } } userErrors { code } } }',
      {
        input: {
          idempotencyKey: key(),
          currencyCode: 'GBP',
          lines: quantities.map((quantity, index) => ({ sku: index % 2 ? 'CANDLE' : 'LANTERN', quantity })),
          delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } },
          payment: { reference: 'pay', provider: 'test', authorized: { amount: '999999.00', currencyCode: 'GBP' } },
        },
      },
      callerOf(),
    );
    const { id, lines } = data.orderPlace.order;
    const lineIds: string[] = lines.nodes.map((line: { id: string }) => line.id);
    await book.accept(id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect());
    return { id, lineIds };
  }

  return {
    knex,
    book,
    told,
    effects,
    key,
    effect,
    send,

    accepted,

    async delivered(...quantities: number[]): Promise<{ id: string; lineIds: string[] }> {
      const { id, lineIds } = await accepted(...quantities);
      const units = lineIds.map((lineId, index) => ({ lineId, quantity: quantities[index] ?? 0 }));
      await book.ship(id, units, effect());
      await book.countShipment(id, arrival(units), effect());
      return { id, lineIds };
    },

    async request(orderId: string, ...units: [string, number][]): Promise<Answer> {
      const lines = units.map(([orderLineId, quantity]) => ({ orderLineId, quantity, reason: 'UNWANTED' }));
      const data = await send(
        'mutation ($o: ID!, $input: ReturnRequestInput!) { returnRequest(orderId: $o, input: $input) { return { id number state lines { id } } userErrors { code message field } } }',
        { o: orderId, input: { idempotencyKey: key(), lines } },
        callerOf(),
      );
      return data.returnRequest;
    },

    /** Sends a mutation on a return as staff. @returns its code of refusal and what would be allowed; null when it was done */
    async act(field: string, returnId: string, input: object = {}, caller: Caller = STAFF) {
      const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input!`;
      const data = await send(
        `mutation ($r: ID!, $input: ${type}) { answer: ${field}(returnId: $r, input: $input) { return { id } userErrors { code message availableTransitions } } }`,
        { r: returnId, input: { idempotencyKey: key(), ...input } },
        caller,
      );
      const [refusal = null] = data.answer.userErrors;
      return refusal as { code: string; message: string; availableTransitions: string[] } | null;
    },

    receive: (units: [string, number, (string | undefined)?][]) => ({
      locationId: at('EAST'),
      lines: units.map(([returnLineId, quantity, disposition]) => ({
        returnLineId,
        quantity,
        ...(disposition ? { disposition } : {}),
      })),
    }),

    async read(returnId: string): Promise<Answer> {
      const data = await ask(
        orders,
        `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Return {
          state refundStatus availableTransitions label { carrier trackingNumber } exchangeStatus
          exchangeOrder { totals { grandTotal { amount } } paymentStatus exchangeFor { id } } declineReason declineNote
          lines { quantity received refunded disposition conditions { disposition quantity placed } } } } }`,
        { r: [{ __typename: 'Return', id: returnId }] },
        STAFF,
      );
      return (data.data as Answer)._entities[0];
    },

    /** One round of housekeeping. @param days from now */
    keep: (days = 0) =>
      keepReturns(
        {
          knex,
          policy,
          report: async (_, { key: name, message, units }) => void told.push({ key: name, message, units }),
          settle: async (_, names) => void told.push(...names.map((name) => ({ key: name, message: 'settled' }))),
        },
        new Date(Date.now() + days * 86_400_000),
      ),

    /** Carries out what the events of returns ask for, each twice, as a step that is repeated after a crash. @returns how many */
    async settle(most = Number.POSITIVE_INFINITY): Promise<number> {
      const events = await query<{ position: string; id: string; type: string; data: Answer }>(
        knex,
        `select position, id, type, data from integration.outbox
         where type in ('return-received.v1', 'return-refund-requested.v1') and position > ? order by position limit ?`,
        [settledUpTo, Math.min(most, 10_000)],
      );
      for (const { position, id, type, data } of events) {
        settledUpTo = Number(position);
        const lines: Answer[] = data.lines;
        const add = (map: Map<string, number>, line: Answer, units: number) =>
          map.set(line.lineId, (map.get(line.lineId) ?? 0) + units);
        for (const line of lines) {
          const units = type === 'return-received.v1' ? line.credited : line.quantity;
          add(effects.paid, line, units);
          effects.credits.push({ lineId: line.lineId, before: line.returnedBefore ?? line.creditedBefore, units });
          if (type === 'return-received.v1')
            add(line.disposition === 'SELLABLE' ? effects.shelved : effects.aside, line, line.quantity);
        }
        const done = {
          key: id,
          traceId: '0'.repeat(32),
          locationId: data.locationId ?? null,
          lines: lines.map((line) => ({
            lineId: line.lineId,
            refunded: type === 'return-received.v1' ? line.credited : line.quantity,
            placed: type === 'return-received.v1' ? { quantity: line.quantity, disposition: line.disposition } : null,
          })),
        };
        await book.settleReturn(data.returnId, done);
        await book.settleReturn(data.returnId, done);
      }
      return events.length;
    },
  };
}
