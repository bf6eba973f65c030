import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createFeed, type RetakableFeed } from '../../platform/feed/feed.ts';
import { describeSetAside, type SetAsideEntry } from '../../platform/feed/set-aside.ts';
import { readParcelUnits } from './parcel-units.ts';
import type { CarrierScan, CarrierSystem, NodeEvent, NodeSystem } from './port.ts';
import { applyUsableEvents, describeUnusable, keepSetAside, NODE_FEED, nodeEventKey } from './set-aside-events.ts';
import { recordScans, trackingKey } from './tracking.ts';

/** Tells, in the transaction that sets it aside, of something that a feed brought and nobody could use. */
export type ReportUnusable = (
  trx: Knex.Transaction,
  unusable: {
    readonly key: string;
    readonly system: string;
    readonly operation: string;
    readonly message: string;
    /** A mapping that is missing unless told. */
    readonly cause?: 'CONFLICT';
    readonly orderId?: string | null;
    readonly channelCode?: string | null;
    /** Units of the order that it is about, where it is not about all. */
    readonly units?: readonly { readonly lineId: string; readonly quantity: number }[];
    /** What was kept and can be taken again, and by whom. */
    readonly setAside?: { readonly by: string; readonly id: string };
  },
) => Promise<void>;

/** How long what was applied stays uncommitted, in milliseconds: locks are held that long, and a process that ends loses no more. */
const SLICE_MILLIS = 1_000;

export interface FeedDeps {
  readonly knex: Knex;
  readonly report: ReportUnusable;
  /** Hears of outages and bugs; the feed goes on by itself. */
  onFailure(feed: string, error: unknown): void;
}

/**
 * Follows what happens to work at the nodes.
 * @param deps.of the system whose nodes they are; the warehouse system unless told. Positions of events are unique over all
 */
export function createNodeFeed(
  deps: FeedDeps & {
    readonly nodes: Pick<NodeSystem, 'events'>;
    readonly of?: { readonly feed: string; readonly system: string };
  },
): RetakableFeed<NodeEvent> {
  const { feed: name, system } = deps.of ?? { feed: NODE_FEED, system: 'wms' };
  return createFeed<NodeEvent>({
    knex: deps.knex,
    name,
    system,
    sliceMillis: SLICE_MILLIS,
    happenedAt: ({ occurredAt }) => occurredAt,
    read: (after, waitSeconds, signal) => deps.nodes.events(after, waitSeconds, signal),
    async apply(trx, events) {
      const ordered = inOrder(events, (entry) => entry.position);
      for (const unusable of await applyUsableEvents(trx, ordered)) {
        const { event, loose } = unusable;
        // What left without the rest of its bundle was applied: only the node can put it right.
        if (!loose) await keepSetAside(trx, unusable);
        await deps.report(trx, {
          key: nodeEventKey(event.position),
          system,
          operation: loose ? 'ship-whole-bundles' : `apply-${event.kind.toLowerCase()}`,
          message: describeUnusable(unusable),
          ...(await orderOf(trx, event.fulfillmentOrderId)),
          ...(loose ? {} : { setAside: { by: NODE_FEED, id: String(event.position) } }),
        });
      }
    },
    setAside: { positionOf: ({ position }) => position, report: unusableEntry(deps, name, system) },
    onFailure: (error) => deps.onFailure(name, error),
  });
}

/** Tells of an entry that could not even be read, or stored. */
export function unusableEntry({ report }: Pick<FeedDeps, 'report'>, feed: string, system: string) {
  return (trx: Knex.Transaction, aside: SetAsideEntry) =>
    report(trx, {
      key: `${feed}:${aside.position}`,
      system,
      operation: 'read-entry',
      message: describeSetAside(aside),
      setAside: { by: feed, id: String(aside.position) },
    });
}

/** The order that work belongs to; nothing for work that is not ours. */
async function orderOf(trx: Knex.Transaction, workId: string) {
  if (workId.includes('\0')) return {};
  const [order] = await query<{ orderId: string; channelCode: string }>(
    trx,
    'select order_id as "orderId", channel_code as "channelCode" from fulfillment.fulfillment_order where id = ?',
    [workId],
  );
  return order ?? {};
}

/** Feed of the carriers' scans. Names its cursor, and who takes a scan again. */
export const TRACKING_FEED = 'fulfillment:carrier-scans';

type NumberedScan = CarrierScan & { readonly position: number };

/** Follows carriers' scans. */
export function createTrackingFeed(deps: FeedDeps & { readonly carrier: CarrierSystem }): RetakableFeed<NumberedScan> {
  return createFeed<NumberedScan>({
    knex: deps.knex,
    name: TRACKING_FEED,
    system: 'carrier',
    sliceMillis: SLICE_MILLIS,
    happenedAt: ({ occurredAt }) => occurredAt,
    read: (after, waitSeconds, signal) => deps.carrier.scans(after, waitSeconds, signal),
    async apply(trx, scans) {
      await reportUnknownWords(trx, await recordScans(trx, scans), deps.report);
    },
    setAside: { positionOf: ({ position }) => position, report: unusableEntry(deps, TRACKING_FEED, 'carrier') },
    onFailure: (error) => deps.onFailure(TRACKING_FEED, error),
  });
}

/** A word that is not in our table is kept and shown, so that somebody adds it. @param system who said it */
export async function reportUnknownWords(
  trx: Knex.Transaction,
  recorded: Awaited<ReturnType<typeof recordScans>>,
  report: ReportUnusable,
  system = 'carrier',
): Promise<void> {
  for (const { scan, shipmentId, unknownWord, repeated } of recorded) {
    if (!unknownWord || repeated) continue;
    await report(trx, {
      key: trackingKey(scan.carrier, scan.eventId),
      system,
      operation: 'map-tracking-status',
      ...(await orderOfParcel(trx, scan, shipmentId)),
      // The number opens the carrier's page with the buyer's address: its end tells parcels apart.
      message: `Carrier ${scan.carrier} sent the status "${scan.status.slice(0, 60)}" for the parcel …${scan.trackingNumber.slice(-4)}, which is not in the table of carrier words. The parcel stays where it is: say what the word means (\`editable\`), here or in config/carrier-words.yaml`,
    });
  }
}

/**
 * The order that a parcel belongs to, on its way out or back, and what is in it on its way out, as far as its node told; nothing for a
 * number that is not known yet.
 */
async function orderOfParcel(
  trx: Knex.Transaction,
  { carrier, trackingNumber }: CarrierScan,
  shipmentId: string | null,
): Promise<{ orderId?: string; channelCode?: string; units?: { lineId: string; quantity: number }[] }> {
  const columns = 'order_id as "orderId", channel_code as "channelCode"';
  const [order] = await query<{ orderId: string; channelCode: string }>(
    trx,
    shipmentId === null
      ? `select ${columns} from fulfillment.return_parcel where tracking_number = ? and upper(carrier) = upper(?) order by created_at desc limit 1`
      : `select ${columns} from fulfillment.shipment where id = ?`,
    shipmentId === null ? [trackingNumber, carrier] : [shipmentId],
  );
  if (!order) return {};
  const [parcel] = shipmentId === null ? [] : await query<{ id: string }>(trx, 'select id from fulfillment.package where shipment_id = ? and tracking_number = ?', [shipmentId, trackingNumber]); // biome-ignore format: one thought
  const units = parcel && shipmentId !== null ? await readParcelUnits(trx, shipmentId, parcel.id) : [];
  return {
    ...order,
    ...(units.length > 0 ? { units: units.map(({ lineId, quantity }) => ({ lineId, quantity })) } : {}),
  };
}

/** A feed may repeat entries and mix their order: each once, by position. */
function inOrder<Entry>(entries: readonly Entry[], position: (entry: Entry) => number): Entry[] {
  return [...new Map(entries.map((entry) => [position(entry), entry])).entries()]
    .sort(([a], [b]) => a - b)
    .map(([, entry]) => entry);
}
