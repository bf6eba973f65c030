import { expect } from '@jest/globals';
import type { Knex } from 'knex';
import { corrections } from '../../app/corrections.ts';
import type { StoredEvent } from '../../events/port.ts';
import type { OrchestratorDeps } from '../../orchestrator/port.ts';
import { type ReactedType, react, type Workflows } from '../../orchestrator/reactions.ts';
import { query } from '../../platform/db/query.ts';
import { memoryNodeSystem } from '../../subgraphs/fulfillment/adapters/memory.ts';
import {
  createFulfillmentBook,
  createFulfillmentSubgraph,
  createNodeFeed,
  tellOfStrandedParcels,
} from '../../subgraphs/fulfillment/index.ts';
import { at } from '../../subgraphs/inventory/sample-stock.ts';
import { unclaimedUnits } from '../../subgraphs/order/index.ts';
import { openReturnWorld, STAFF } from './returns.ts';
import { ask, callerOf } from './subgraph.ts';

const TRACE = '0'.repeat(32);
const WAREHOUSE = callerOf({ contract: 'warehouse', clientId: 'warehouse', channel: null });
const DESK = callerOf({ contract: 'operations', clientId: 'desk', channel: null, scopes: ['returns:process'] });

/** Units in a parcel, by the place of the order's line; of a bundle's parts by `<place>/<sku>`. */
export type Contents = Readonly<Record<string, number>>;
/** Lines that are bundles, by their place. */
export type Bundles = Readonly<Record<string, { readonly units: number; readonly parts: Readonly<Record<string, number>> }>>; // biome-ignore format: one thought

/** An order that left its node in parcels. */
export interface Sent {
  readonly id: string;
  readonly lineIds: readonly string[];
  /** Tracking numbers, as the parcels were given. */
  readonly numbers: readonly string[];
}

export type ParcelWorld = Awaited<ReturnType<typeof openParcelWorld>>;

/** Orders, their parcels and returns over their own books, with what moves between them carried by the orchestrator's reactions. */
export async function openParcelWorld(knex: Knex) {
  const returns = await openReturnWorld(knex);
  const nodes = memoryNodeSystem();
  const fulfillment = createFulfillmentBook(knex);
  const feed = createNodeFeed({ knex, nodes, report: async () => undefined, onFailure: () => undefined });
  const subgraph = createFulfillmentSubgraph({ knex, nodes, nodeFeed: feed, report: async () => undefined });
  const { signal } = new AbortController();
  /** Open exceptions by key. */
  const desk = new Map<string, { readonly operation: string; readonly message: string }>();
  const deps = { orders: returns.book, fulfillment, stock: { codeOf: async () => 'EAST' } } as unknown as OrchestratorDeps; // biome-ignore format: one thought
  let heard = 0;
  let scans = 0;
  let parcels = 0;

  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
  const staff = async (document: string, variables: Record<string, unknown>): Promise<any> => {
    const answer = await ask(subgraph, document, variables, WAREHOUSE);
    expect(answer.errors).toBeUndefined();
    return answer.data;
  };

  /** Tells the order what happened to its shipments since the last time. */
  async function listen(): Promise<void> {
    const rows = await query<{ position: string; id: string; type: ReactedType; subject: string; version: number; trace: string; data: never; at: Date }>(
      knex,
      `select position, id, type, subject, version, trace_id as trace, data, now() as at from integration.outbox
       where type in ('shipment-status-changed.v1', 'shipment-parcel-ended.v1') and position > ? order by position`,
      [heard],
    ); // biome-ignore format: one thought
    for (const { position, trace, at: when, ...event } of rows) {
      heard = Number(position);
      await react({ ...event, traceId: trace, channelCode: 'WEB', occurredAt: when.toISOString() } as unknown as StoredEvent<ReactedType>, deps, {} as Workflows); // biome-ignore format: one thought
    }
  }

  return {
    ...returns,
    desk,
    listen,
    /** Everything that was told of shipments so far is told again. */
    async listenAgain(): Promise<void> {
      heard = 0;
      await listen();
    },

    /** An order that left in these parcels, each unit in one of them. */
    async sent(contents: readonly Contents[], bundles: Bundles = {}): Promise<Sent> {
      const places = [...new Set(contents.flatMap((parcel) => Object.keys(parcel).map((ref) => ref.split('/')[0] ?? '')))].sort(); // biome-ignore format: one thought
      const quantities = places.map((place) => bundles[place]?.units ?? contents.reduce((sum, parcel) => sum + (parcel[place] ?? 0), 0)); // biome-ignore format: one thought
      const { id, lineIds } = await returns.accepted(...quantities);
      const [work = ''] = await fulfillment.open({
        key: `parcels-${id}`,
        orderId: id,
        channelCode: 'WEB',
        customerId: null,
        deliveryMethod: 'SHIPPING',
        serviceLevel: null,
        groups: [
          {
            locationId: at('EAST'),
            lines: lineIds.map((lineId, place) => ({
              lineId,
              sku: place % 2 ? 'CANDLE' : 'LANTERN',
              quantity: quantities[place] ?? 0,
              components: Object.entries(bundles[place]?.parts ?? {}).map(([sku, perUnit]) => ({ sku, perUnit })),
            })),
          },
        ],
        traceId: TRACE,
      });
      const submitted = await fulfillment.submit(work);
      if (!submitted) throw new Error('nothing is left of the work');
      const { nodeReference } = await nodes.release({ ...submitted, shipTo: null }, signal);
      await feed.catchUp(signal);
      await nodes.accept(nodeReference, signal);
      const packages = contents.map((parcel) => ({
        carrier: 'UPS',
        trackingNumber: `PARCEL${++parcels}`,
        sscc: null,
        serviceLevel: null,
        lines: Object.entries(parcel).map(([ref, quantity]) => ({ lineRef: ref.replace(/^\d+/, (place) => lineIds[Number(place)] ?? ''), quantity })), // biome-ignore format: one thought
      }));
      await nodes.confirmShipment(nodeReference, { key: `ship-${id}`, packages }, signal);
      await feed.catchUp(signal);
      await listen();
      return { id, lineIds, numbers: packages.map(({ trackingNumber }) => trackingNumber) };
    },

    /** What the carrier says of a parcel, in our own words. */
    async scan(trackingNumber: string, status: string): Promise<void> {
      const input = { carrier: 'UPS', trackingNumber, eventId: `scan-${++scans}`, status, occurredAt: new Date(Date.now() + scans).toISOString() }; // biome-ignore format: one thought
      const { trackingEventRecord } = await staff('mutation ($input: TrackingEventRecordInput!) { trackingEventRecord(input: $input) { userErrors { code } } }', { input }); // biome-ignore format: one thought
      expect(trackingEventRecord.userErrors).toEqual([]);
    },

    /** One look at parcels that do not reach their buyers. */
    look: () =>
      tellOfStrandedParcels({
        knex,
        report: async (_, { key, operation, message }) => void desk.set(key, { operation, message }),
        settle: async (_, keys) => {
          for (const key of keys) desk.delete(key);
        },
        unclaimed: unclaimedUnits,
      }),

    /** What the desk says of a parcel. */
    async toldOf(trackingNumber: string) {
      const [parcel] = await query<{ id: string }>(knex, 'select id from fulfillment.package where tracking_number = ?', [trackingNumber]); // biome-ignore format: one thought
      const key = `parcel:${parcel?.id}`;
      return { key, ...desk.get(key) };
    },

    /** Says on the desk that a parcel arrived. @returns why not; null when it is counted */
    async arrived(trackingNumber: string, which: 'ALL' | 'REST'): Promise<string | null> {
      const { key, operation = '' } = await this.toldOf(trackingNumber);
      const exception = { key, operation, cause: 'CONFLICT', orderId: null, traceId: TRACE } as never;
      const fitting = corrections.find(({ fits }) => fits(exception));
      if (!fitting) return 'nothing can be corrected';
      const result = await knex.transaction((trx) => fitting.apply(trx, exception, { arrived: which }));
      if (result.kind === 'refused') return result.message;
      for (const settled of result.settles) desk.delete(settled);
      return null;
    },

    /** Asks for a return of what did not reach the buyer, or of what did. @returns its id and lines, or the refusal's message */
    async ask(orderId: string, reason: string, units: readonly (readonly [string, number])[]): Promise<{ id: string; lines: { id: string }[] } | string> {
      const lines = units.map(([orderLineId, quantity]) => ({ orderLineId, quantity, reason }));
      const { returnRequest } = await returns.send(
        'mutation ($o: ID!, $input: ReturnRequestInput!) { returnRequest(orderId: $o, input: $input) { return { id lines { id } } userErrors { message } } }',
        { o: orderId, input: { idempotencyKey: returns.key(), lines } },
        reason === 'DEFECTIVE' ? callerOf() : DESK,
      );
      return returnRequest.userErrors[0]?.message ?? returnRequest.return;
    }, // biome-ignore format: one thought

    /** Takes units in that came back: asked for, received and paid back. @returns why not */
    async takeIn(orderId: string, ...units: readonly (readonly [string, number])[]): Promise<string | null> {
      const made = await this.ask(orderId, 'RETURNED_TO_SENDER', units);
      if (typeof made === 'string') return made;
      const input = returns.receive(made.lines.map(({ id }, index) => [id, units[index]?.[1] ?? 0, 'SELLABLE']));
      const refusal = await returns.act('returnReceive', made.id, input, STAFF);
      await returns.settle();
      await listen();
      return refusal?.message ?? null;
    },

    /** The order as its book has it, and the state of its shipment. */
    async state(orderId: string) {
      const booked = await returns.book.read(orderId);
      const [shipment] = await query<{ status: string }>(knex, 'select status from fulfillment.shipment where order_id = ?', [orderId]); // biome-ignore format: one thought
      const lines = (booked?.lines ?? []).map(({ quantities: { delivered, lost, inTransit, returned } }) => ({ delivered, lost, inTransit, returned })); // biome-ignore format: one thought
      return { status: booked?.order.status, shipment: shipment?.status, lines };
    },
  };
}
