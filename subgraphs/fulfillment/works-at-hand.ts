import type { Knex } from 'knex';
import { type NewEvent, writeEvents } from '../../events/outbox.ts';
import { groupBy } from '../../platform/batch.ts';
import { query } from '../../platform/db/query.ts';
import type { WorkUnits } from './fold.ts';
import type { FulfillmentOrder, FulfillmentOrderLine, WorkComponent } from './model.ts';
import type { NodeEvent } from './port.ts';
import { COMPONENT_COLUMNS, WORK_LINE_COLUMNS } from './rows.ts';
import { insertShipments, type NewShipment } from './shipments.ts';
import { adoptScans } from './tracking.ts';
import { lockWorks } from './work.ts';

/** One piece of work as it stands while some events are applied to it, and what of it is to be written at their end. */
export interface WorkAtHand extends WorkUnits {
  work: FulfillmentOrder;
  lines: readonly FulfillmentOrderLine[];
  components: readonly WorkComponent[];
  /** Packages that left before a bundle was complete, by the event that told of them; empty once they are in a shipment. */
  readonly told: Map<string, NodeEvent['packages']>;
  rejectReason: string | null;
  readyAt: Date | null;
  gaveBackAt: Date | null;
  /** What its node said when it was asked to give the work back. */
  withdrawal: 'ACCEPTED' | 'REJECTED' | null;
  isTouched: boolean;
}

/** The work that some events are about, locked and read at once, and what they did, written at once. */
export interface WorksAtHand {
  readonly works: ReadonlyMap<string, WorkAtHand>;
  /** Events whose goods are in a shipment. */
  readonly shipped: Set<string>;
  /** In their order. */
  readonly events: NewEvent[];
  readonly shipments: NewShipment[];
}

/** Locks and reads what events are about, until the transaction ends. How many statements it takes does not depend on their number. */
export async function takeWorks(trx: Knex.Transaction, events: readonly NodeEvent[]): Promise<WorksAtHand> {
  const works = await lockWorks(trx, [...new Set(events.map(({ fulfillmentOrderId }) => fulfillmentOrderId))]);
  const ids = works.map(({ id }) => id);
  const lines = await query<FulfillmentOrderLine>(
    trx,
    `select ${WORK_LINE_COLUMNS} from fulfillment.fulfillment_order_line l where l.fulfillment_order_id = any(?::text[]) order by l.position`,
    [ids],
  );
  const components = await query<WorkComponent & { workId: string }>(
    trx,
    `select ${COMPONENT_COLUMNS}, c.fulfillment_order_id as "workId" from fulfillment.work_component c
     where c.fulfillment_order_id = any(?::text[]) order by c.line_ref`,
    [ids],
  );
  const told = await query<{ workId: string; event: string; packages: NodeEvent['packages'] }>(
    trx,
    `select fulfillment_order_id as "workId", node_event as event, packages from fulfillment.component_event
     where fulfillment_order_id = any(?::text[]) order by length(node_event), node_event`,
    [ids],
  );
  const shipped = await query<{ event: string }>(
    trx,
    'select node_event as event from fulfillment.shipment where node_event = any(?::text[])',
    [events.map(({ position }) => String(position))],
  );
  const linesOf = groupBy(lines, (line) => line.fulfillmentOrderId);
  const componentsOf = groupBy(components, ({ workId }) => workId);
  const toldOf = groupBy(told, ({ workId }) => workId);
  const atHand = (work: FulfillmentOrder): WorkAtHand => ({
    work,
    lines: linesOf.get(work.id) ?? [],
    components: (componentsOf.get(work.id) ?? []).map(({ workId: _, ...component }) => component),
    told: new Map((toldOf.get(work.id) ?? []).map(({ event, packages }) => [event, packages])),
    rejectReason: null,
    readyAt: null,
    gaveBackAt: null,
    withdrawal: null,
    isTouched: false,
  });
  return {
    works: new Map(works.map((work) => [work.id, atHand(work)])),
    shipped: new Set(shipped.map(({ event }) => event)),
    events: [],
    shipments: [],
  };
}

/** Writes what became of the work, and tells of it. How many statements it takes does not depend on how much work it is. */
export async function putWorks(trx: Knex.Transaction, { works, events, shipments }: WorksAtHand): Promise<void> {
  const touched = [...works.values()].filter(({ isTouched }) => isTouched);
  if (touched.length === 0) return;
  await updateWorks(trx, touched);
  await updateLines(trx, touched);
  await updateComponents(trx, touched);
  await settleWithdrawals(trx, touched);
  if (shipments.length > 0) await insertShipments(trx, shipments);
  await writeEvents(trx, events);
  // Scans that came before move a shipment on: after it was told of.
  await adoptScans(
    trx,
    shipments.map(({ id }) => id),
    shipments.flatMap(({ packages }) => packages),
  );
}

async function updateWorks(trx: Knex.Transaction, touched: readonly WorkAtHand[]): Promise<void> {
  await query(
    trx,
    `update fulfillment.fulfillment_order f set status = n.status, request_status = n.request_status, node_reference = n.node_reference,
       updated_at = case when n.revision > f.revision then clock_timestamp() else f.updated_at end, revision = n.revision,
       reject_reason = coalesce(n.reject_reason, f.reject_reason), ready_at = coalesce(n.ready_at, f.ready_at),
       gave_back_at = coalesce(n.gave_back_at, f.gave_back_at)
     from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::int[], ?::text[], ?::timestamptz[], ?::timestamptz[])
       as n(id, status, request_status, node_reference, revision, reject_reason, ready_at, gave_back_at)
     where f.id = n.id`,
    [
      touched.map(({ work }) => work.id),
      touched.map(({ work }) => work.status),
      touched.map(({ work }) => work.requestStatus),
      touched.map(({ work }) => work.nodeReference),
      touched.map(({ work }) => work.revision),
      touched.map(({ rejectReason }) => rejectReason),
      touched.map(({ readyAt }) => readyAt),
      touched.map(({ gaveBackAt }) => gaveBackAt),
    ],
  );
}

async function updateLines(trx: Knex.Transaction, touched: readonly WorkAtHand[]): Promise<void> {
  const lines = touched.flatMap((one) => one.lines);
  await query(
    trx,
    `update fulfillment.fulfillment_order_line l set shipped = n.shipped, short = n.short
     from unnest(?::text[], ?::int[], ?::int[]) as n(id, shipped, short)
     where l.id = n.id and (l.shipped, l.short) is distinct from (n.shipped, n.short)`,
    [lines.map(({ id }) => id), lines.map(({ shipped }) => shipped), lines.map(({ short }) => short)],
  );
}

async function updateComponents(trx: Knex.Transaction, touched: readonly WorkAtHand[]): Promise<void> {
  const parts = touched.flatMap(({ work, components }) => components.map((part) => ({ ...part, workId: work.id })));
  const told = touched.flatMap(({ work, told }) => [...told].map(([event, packages]) => ({ workId: work.id, event, packages }))); // biome-ignore format: one thought
  if (parts.length === 0 && told.length === 0) return;
  await query(
    trx,
    `with event as (
       insert into fulfillment.component_event as known (fulfillment_order_id, node_event, packages)
       select * from unnest(?::text[], ?::text[], ?::jsonb[])
       on conflict (fulfillment_order_id, node_event) do update set packages = excluded.packages where known.packages <> excluded.packages
     )
     update fulfillment.work_component c set shipped = n.shipped, short = n.short
     from unnest(?::text[], ?::text[], ?::int[], ?::int[]) as n(work_id, line_ref, shipped, short)
     where c.fulfillment_order_id = n.work_id and c.line_ref = n.line_ref and (c.shipped, c.short) is distinct from (n.shipped, n.short)`,
    [
      told.map(({ workId }) => workId),
      told.map(({ event }) => event),
      told.map(({ packages }) => JSON.stringify(packages)),
      parts.map(({ workId }) => workId),
      parts.map(({ lineRef }) => lineRef),
      parts.map(({ shipped }) => shipped),
      parts.map(({ short }) => short),
    ],
  );
}

async function settleWithdrawals(trx: Knex.Transaction, touched: readonly WorkAtHand[]): Promise<void> {
  const settled = touched.filter(({ withdrawal }) => withdrawal !== null);
  if (settled.length === 0) return;
  await query(
    trx,
    `update fulfillment.withdrawal w set state = n.state from unnest(?::text[], ?::text[]) as n(work_id, state)
     where w.fulfillment_order_id = n.work_id and w.state = 'REQUESTED'`,
    [settled.map(({ work }) => work.id), settled.map(({ withdrawal }) => withdrawal)],
  );
}
