import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { applyAround } from '../../platform/feed/around.ts';
import { applyNodeEvents, type UnusableEvent } from './node-events.ts';
import type { NodeEvent } from './port.ts';

/** Feed of the nodes' events. Names its cursor, and those who take an event again. */
export const NODE_FEED = 'fulfillment:node-events';

/** The same for nodes that tell by files. */
export const FILES_FEED = 'fulfillment:x12-events';

/** Names the exception about an event. */
export const nodeEventKey = (position: number | string): string => `${NODE_FEED}:${position}`;

/** For an operator: what is wrong with an event, and with whose. */
export function describeUnusable({ event, reason, loose }: UnusableEvent): string {
  const where = `(work ${event.fulfillmentOrderId}, node reference ${event.nodeReference})`;
  if (loose)
    return `Parts of bundles left a node without the rest: ${loose.map((units) => `${units.quantity} × ${units.sku}`).join(', ')}. The node has to take them back ${where}`;
  return `A node's event could not be applied: ${reason} ${where}. Compare the work with what the node did; retry this once an earlier event is there or the work was put right, else dismiss it`;
}

/** Applies events in their order; what the store refuses is unusable too, and stops none of the others. */
export function applyUsableEvents(trx: Knex.Transaction, events: readonly NodeEvent[]): Promise<UnusableEvent[]> {
  return applyAround<NodeEvent, UnusableEvent>(trx, events, applyNodeEvents, (event) => ({
    event,
    reason: 'it holds a value that cannot be stored',
  }));
}

/** Keeps an event that changed nothing, in the transaction that passes over it. */
export async function keepSetAside(trx: Knex.Transaction, { event, reason }: UnusableEvent): Promise<void> {
  await query(
    trx,
    `insert into fulfillment.set_aside_event (position, fulfillment_order_id, event, reason) values (?, ?, ?, ?)
     on conflict (position) do update set reason = excluded.reason`,
    [event.position, storable(event.fulfillmentOrderId), JSON.stringify(event), reason],
  );
}

/** Keeps events that can be read by now, so that they are taken in their turn. */
export async function keepReadEvents(trx: Knex.Transaction, events: readonly NodeEvent[]): Promise<void> {
  for (const event of events) await keepSetAside(trx, { event, reason: 'it could not be read before' });
}

/** PostgreSQL refuses U+0000 in a text. */
const storable = (text: string) => text.replaceAll('\0', '');

/** What came of taking an event again, for the exception desk. */
export type TakenEvent =
  | { readonly kind: 'handled' | 'gone' }
  | { readonly kind: 'failed'; readonly cause: 'CONFLICT'; readonly message: string };

interface Kept {
  readonly position: string;
  readonly event: string;
}

/**
 * Applies an event that was set aside, after the earlier ones of the same work that were: an acceptance that can be heard
 * now may be what the others lacked. Whatever was applied before, by anybody, changes nothing.
 *
 * @param id position of the event
 * @param settle closes the exceptions of earlier events that were applied with it
 */
export async function takeNodeEventAgain(
  deps: { readonly knex: Knex; readonly settle: (key: string, by: string) => Promise<void> },
  id: string,
): Promise<TakenEvent> {
  const { taken, earlier } = await inTransaction(deps.knex, (trx) => takeWithEarlier(trx, id));
  for (const position of earlier)
    await deps.settle(nodeEventKey(position), 'the attempt for a later event of the work');
  return taken;
}

async function takeWithEarlier(
  trx: Knex.Transaction,
  id: string,
): Promise<{ taken: TakenEvent; earlier: readonly string[] }> {
  const [wanted] = await query<{ work: string }>(
    trx,
    'select fulfillment_order_id as work from fulfillment.set_aside_event where position = ?',
    [id],
  );
  if (!wanted) return { taken: { kind: 'gone' }, earlier: [] };
  const kept = await query<Kept>(
    trx,
    `select position, event from fulfillment.set_aside_event
     where fulfillment_order_id = ? and position <= ? and handled_at is null order by position for update`,
    [wanted.work, id],
  );
  const events = kept.map(({ event }) => readEvent(event));
  const failed = new Map((await applyUsableEvents(trx, events)).map((one) => [String(one.event.position), one]));
  // What left without the rest of its bundle is applied, and stays on the desk once more.
  const applied = kept.map(({ position }) => position).filter((position) => failed.get(position)?.loose !== undefined || !failed.has(position)); // biome-ignore format: one thought
  await query(trx, 'update fulfillment.set_aside_event set handled_at = now() where position = any (?::bigint[])', [
    applied,
  ]);
  const failure = failed.get(id);
  const earlier = applied.filter((position) => position !== id && !failed.has(position));
  if (!failure) return { taken: { kind: 'handled' }, earlier };
  return { taken: { kind: 'failed', cause: 'CONFLICT', message: describeUnusable(failure) }, earlier };
}

function readEvent(text: string): NodeEvent {
  const event = JSON.parse(text) as Omit<NodeEvent, 'occurredAt'> & { readonly occurredAt: string };
  return { ...event, occurredAt: new Date(event.occurredAt) };
}
