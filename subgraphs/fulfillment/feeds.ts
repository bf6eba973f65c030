import type { Knex } from 'knex';
import { createFeed, type Feed } from '../../platform/feed/feed.ts';
import { applyNodeEvents } from './node-events.ts';
import type { CarrierScan, CarrierSystem, NodeEvent, NodeSystem } from './port.ts';
import { recordScans, trackingKey } from './tracking.ts';

/** Tells, in the transaction that sets it aside, of something that a feed brought and nobody could use. */
export type ReportUnusable = (
  trx: Knex.Transaction,
  unusable: { readonly key: string; readonly system: string; readonly operation: string; readonly message: string },
) => Promise<void>;

export interface FeedDeps {
  readonly knex: Knex;
  readonly report: ReportUnusable;
  /** Hears of outages and bugs; the feed goes on by itself. */
  onFailure(feed: string, error: unknown): void;
}

/** Follows what happens to work at the nodes. */
export function createNodeFeed(deps: FeedDeps & { readonly nodes: NodeSystem }): Feed {
  const name = 'fulfillment:node-events';
  return createFeed<NodeEvent>({
    knex: deps.knex,
    name,
    read: (after, waitSeconds, signal) => deps.nodes.events(after, waitSeconds, signal),
    async apply(trx, events) {
      for (const { event, reason, loose } of await applyNodeEvents(
        trx,
        inOrder(events, (entry) => entry.position),
      )) {
        const where = `(work ${event.fulfillmentOrderId}, node reference ${event.nodeReference})`;
        await deps.report(trx, {
          key: `${name}:${event.position}`,
          system: 'wms',
          operation: loose ? 'ship-whole-bundles' : `apply-${event.kind.toLowerCase()}`,
          message: loose
            ? `Parts of bundles left a node without the rest: ${loose.map((units) => `${units.quantity} × ${units.sku}`).join(', ')}. The node has to take them back ${where}`
            : `A node's event could not be applied: ${reason} ${where}`,
        });
      }
    },
    onFailure: (error) => deps.onFailure(name, error),
  });
}

/** Follows carriers' scans. */
export function createTrackingFeed(deps: FeedDeps & { readonly carrier: CarrierSystem }): Feed {
  const name = 'fulfillment:carrier-scans';
  return createFeed<CarrierScan>({
    knex: deps.knex,
    name,
    read: (after, waitSeconds, signal) => deps.carrier.scans(after, waitSeconds, signal),
    async apply(trx, scans) {
      await reportUnknownWords(trx, await recordScans(trx, scans), deps.report);
    },
    onFailure: (error) => deps.onFailure(name, error),
  });
}

/** A word that is not in our table is kept and shown, so that somebody adds it. */
export async function reportUnknownWords(
  trx: Knex.Transaction,
  recorded: Awaited<ReturnType<typeof recordScans>>,
  report: ReportUnusable,
): Promise<void> {
  for (const { scan, unknownWord, repeated } of recorded) {
    if (!unknownWord || repeated) continue;
    await report(trx, {
      key: trackingKey(scan.carrier, scan.eventId),
      system: 'carrier',
      operation: 'map-tracking-status',
      message: `Carrier ${scan.carrier} sent the status "${scan.status.slice(0, 60)}", which is not in the table of carrier words`,
    });
  }
}

/** A feed may repeat entries and mix their order: each once, by position. */
function inOrder<Entry>(entries: readonly Entry[], position: (entry: Entry) => number): Entry[] {
  return [...new Map(entries.map((entry) => [position(entry), entry])).entries()]
    .sort(([a], [b]) => a - b)
    .map(([, entry]) => entry);
}
