import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { Comparison, Difference } from '../../platform/reconcile/comparison.ts';
import { applyNodeEvents } from './node-events.ts';
import type { NodeAudit, NodeEvent, NodeWorkRecord } from './port.ts';
import { NODE_FEED } from './set-aside-events.ts';

const PAGE = 100;
/** Pages of the events' feed that are read to find lost ones. */
const MOST_PAGES = 1_000;
/** Work that changed so lately, in seconds, is still being told of. */
const REST_SECONDS = 30;
/** Pieces of work that are corrected together: the feeds wait for their locks. */
const TOGETHER = 10;

interface Known {
  readonly id: string;
  readonly order_id: string;
  readonly open: boolean;
  readonly restless: boolean;
}

/** Work of the nodes with the warehouse system's: known on both sides, over on both, with goods that left on both. */
export function workComparison(deps: {
  readonly knex: Knex;
  readonly nodes: NodeAudit;
  readonly restSeconds?: number;
  /** Locations whose work the system does not know: another one has it. */
  readonly elsewhere?: readonly string[];
}): Comparison {
  const { knex, nodes, restSeconds = REST_SECONDS, elsewhere = [] } = deps;

  async function knownOf(ids: readonly string[]): Promise<Map<string, Known & { units: Units[] }>> {
    const [works, units] = await Promise.all([
      query<Known>(
        knex,
        `select id, order_id, status not in ('CLOSED', 'CANCELLED') as open,
                updated_at > rested.since or late as restless
         from fulfillment.fulfillment_order work,
           (select clock_timestamp() - make_interval(secs => ?) as since) rested,
           -- What the feed has not come to is late, not lost.
           lateral (select exists (select from integration.feed_cursor where feed = ? and least(behind_since, waiting_since) < rested.since) as late) feed
         where id = any (?::text[])`,
        [restSeconds, NODE_FEED, ids],
      ),
      query<Units & { id: string }>(
        knex,
        `select fulfillment_order_id as id, line_ref as "lineRef", shipped, short
         from fulfillment.work_component where fulfillment_order_id = any (?::text[])
         union all
         select fulfillment_order_id, order_line_id, shipped, short from fulfillment.fulfillment_order_line line
         where fulfillment_order_id = any (?::text[]) and not exists (
           select from fulfillment.work_component part
           where part.fulfillment_order_id = line.fulfillment_order_id and part.order_line_id = line.order_line_id)`,
        [ids, ids],
      ),
    ]);
    return new Map(works.map((work) => [work.id, { ...work, units: units.filter((one) => one.id === work.id) }]));
  }

  return {
    system: 'wms',
    subject: 'work',

    async theirs(cursor, signal) {
      const { records, next } = await nodes.works(cursor, PAGE, signal);
      const known = await knownOf(records.map((record) => record.fulfillmentOrderId));
      return {
        keys: records.map((record) => record.fulfillmentOrderId),
        differences: records.flatMap((record) => differenceOf(record, known.get(record.fulfillmentOrderId))),
        next,
      };
    },

    async ours(cursor) {
      const rows = await query<{ id: string }>(
        knex,
        `select id from fulfillment.fulfillment_order
         where id > ? and request_status not in ('UNSUBMITTED') and (node_reference is not null or request_status <> 'SUBMITTED') and status <> 'CANCELLED' and location_id <> all (?::text[])
         order by id limit ?`,
        [cursor ?? '', elsewhere, PAGE],
      );
      return { keys: rows.map((row) => row.id), next: rows.length < PAGE ? null : (rows.at(-1)?.id ?? null) };
    },

    async missing(keys, signal) {
      const known = await knownOf(keys);
      const found: Difference[] = [];
      for (const work of known.values()) {
        if (work.restless || (await nodes.has(work.id, signal))) continue;
        found.push({
          key: work.id,
          what: `Work ${work.id}: the node knew it, the warehouse system does not`,
          remedy: 'Reject the work, so that its units are sourced again, or enter it in the warehouse system.',
          orderId: work.order_id,
          correctable: false,
        });
      }
      return found;
    },

    /** The node's events again: what was heard before changes nothing, what was lost has its effect now. */
    async correct(_, keys, signal) {
      const wanted = new Set(keys);
      const events: NodeEvent[] = [];
      for (let after = 0, pages = 0; pages < MOST_PAGES; pages += 1) {
        const page = await nodes.events(after, 0, signal);
        if (page.entries.length === 0) break;
        events.push(...page.entries.filter((event) => wanted.has(event.fulfillmentOrderId)));
        after = page.next;
      }
      const failed = new Set<string>();
      for (let first = 0; first < keys.length; first += TOGETHER) {
        const some = new Set(keys.slice(first, first + TOGETHER));
        const theirs = events.filter((event) => some.has(event.fulfillmentOrderId));
        for (const { event } of await inTransaction(knex, (trx) => applyNodeEvents(trx, theirs)))
          failed.add(event.fulfillmentOrderId);
      }
      return keys.filter((key) => !failed.has(key) && events.some((event) => event.fulfillmentOrderId === key));
    },
  };
}

interface Units {
  readonly lineRef: string;
  readonly shipped: number;
  readonly short: number;
}

function differenceOf(record: NodeWorkRecord, known: (Known & { units: Units[] }) | undefined): Difference[] {
  const { fulfillmentOrderId: key, nodeReference, isOver } = record;
  if (!known) {
    return [
      {
        key,
        what: `Delivery ${nodeReference}: for work ${key}, which nobody here asked for`,
        remedy: 'Cancel the delivery in the warehouse system before goods leave; tell the platform team if they left.',
        correctable: false,
      },
    ];
  }
  if (known.restless) return [];
  const texts: string[] = [];
  if (isOver && known.open) texts.push('over at the warehouse, open here');
  if (!isOver && !known.open) texts.push('open at the warehouse, over here');
  for (const line of record.lines ?? []) {
    const here = known.units.find((one) => one.lineRef === line.lineRef);
    if (!here) texts.push(`line ${line.lineRef} is unknown here`);
    else {
      if (line.issued !== here.shipped) texts.push(`line ${line.lineRef}: ${line.issued} left at the warehouse, ${here.shipped} here`); // biome-ignore format: one thought
      if (line.short !== here.short) texts.push(`line ${line.lineRef}: ${line.short} short at the warehouse, ${here.short} here`); // biome-ignore format: one thought
    }
  }
  if (texts.length === 0) return [];
  return [
    {
      key,
      what: `Delivery ${nodeReference}: ${texts.slice(0, 5).join('; ')}`,
      remedy:
        'An event of the node did not arrive, or cannot be applied. Compare with the warehouse what happened, and confirm it by hand: ship the work, or reject it.',
      orderId: known.order_id,
      correctable: true,
    },
  ];
}
