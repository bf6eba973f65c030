import { query } from '../../platform/db/query.ts';
import { ask } from '../helpers/subgraph.ts';
import { type History, type PlacedOrder, persist, send } from './perform.ts';
import { callers, type Process, type World } from './world.ts';

const QUIET = new AbortController().signal;

/**
 * Counts the books once everything is quiet: the clients' own record against the warehouse's, the graph's answers and
 * the tables. Says what is wrong, in the words of the invariants. `exact`: nothing was lost in the warehouse and nothing
 * backordered, so that every unit can be accounted for from the outside.
 */
export async function faultsInBooks(world: World, history: History, exact: boolean): Promise<string[]> {
  await settle(world);
  const faults = [
    ...history.problems,
    ...(await emptyViews(world)),
    ...(await phantoms(world, history)),
    ...(await lostOrders(world, history)),
    ...(await eventGaps(world)),
  ];
  return exact ? [...faults, ...(await unitsOutside(world, history))] : faults;
}

/** The feed is read to its end, and the time of every hold passes. */
async function settle(world: World): Promise<void> {
  const process = world.processes[0] as Process;
  for (let pages = 0; pages < 10; pages++) await persist(() => process.reader.readNext(0, QUIET));
  const past = `set expires_at = clock_timestamp() - interval '1 ms' where state = 'HELD'`;
  await query(world.knex, `update inventory.reservation ${past}`);
  await query(world.knex, `update inventory.reservation_line ${past}`);
  await query(process.knex, 'select inventory.expire_holds(1000)');
}

/** What must be empty, always. */
async function emptyViews(world: World): Promise<string[]> {
  const views = {
    'I1 ledger: a position is not the sum of its movements or of its reservations':
      'select sku, location_id from inventory.ledger_difference',
    'I1 negative: more is given back or consumed than was promised':
      'select id from inventory.reservation_line where consumed + released > quantity',
    'I2 expired holds still keep units': `select id from inventory.reservation where state = 'HELD'`,
    'I3 stock is promised to an order that does not exist':
      'select order_id from inventory.reservation where order_id is not null and order_id not in (select id from orders.customer_order)',
    'I7 the units of an order line are not where its reservation says': `
      select l.id from orders.order_line l
      left join (select order_line_id, sum(quantity - released) as units from inventory.reservation_line group by 1) r on r.order_line_id = l.id
      where coalesce(r.units, 0) <> l.ordered - l.backordered - l.cancelled`,
    'I7 an order line does not add up': `
      select id from orders.order_line
      where ordered <> unsourced + backordered + allocated + in_fulfillment + in_transit + delivered + lost + cancelled`,
  };
  const faults: string[] = [];
  for (const [fault, statement] of Object.entries(views)) {
    const rows = await query(world.knex, statement);
    if (rows.length > 0) faults.push(`${fault}: ${JSON.stringify(rows)}`);
  }
  return faults;
}

/** Orders that no client was told of, and channel orders that exist twice. */
async function phantoms(world: World, history: History): Promise<string[]> {
  const known = new Set(history.orders.map((order) => order.id));
  const rows = await query<{ id: string }>(world.knex, 'select id from orders.customer_order');
  return rows.filter((row) => !known.has(row.id)).map((row) => `I4 phantom or double order ${row.id}`);
}

/** Every acknowledged key still has its answer, and every acknowledged order what it was acknowledged with. */
async function lostOrders(world: World, history: History): Promise<string[]> {
  const faults: string[] = [];
  const { orders } = world.processes[1] as Process;
  for (const order of history.orders) {
    const seen = await read(orders, order);
    const lines = seen?.map((line) => `${line.sku} ${line.quantities.ordered}`).join();
    const wanted = order.lines.map((line) => `${line.sku} ${line.ordered}`).join();
    if (lines !== wanted) faults.push(`I3 order ${order.key}: ${lines ?? 'lost'}, acknowledged ${wanted}`);
  }
  for (const call of history.calls) {
    if (!call.answer) continue;
    const again = await send(world.processes[1] as Process, call);
    if (again.id !== call.answer.id || again.codes.join() !== call.answer.codes.join())
      faults.push(`I3 ${call.field} ${call.key} is now answered ${again.id} ${again.codes.join()}`);
    if (!again.replayed) faults.push(`I4 ${call.field} ${call.key} ran again`);
  }
  return faults;
}

interface SeenLine {
  readonly id: string;
  readonly sku: string;
  readonly quantities: { readonly ordered: number; readonly cancelled: number };
}

async function read(orders: Process['orders'], order: PlacedOrder): Promise<SeenLine[] | undefined> {
  const document =
    'query ($id: ID!) { order(id: $id) { lines(first: 100) { nodes { id sku quantities { ordered cancelled } } } } }';
  const answer = await ask(orders, document, { id: order.id }, callers[order.channel]);
  return (answer.data?.order as { lines: { nodes: SeenLine[] } } | null)?.lines.nodes;
}

/** I6: the events of a subject count up from 1 without a gap; none is told of an order that is not there. */
async function eventGaps(world: World): Promise<string[]> {
  const rows = await query<{ subject: string; versions: number[]; revision: number | null }>(
    world.knex,
    `select subject, array_agg(version order by position) as versions, max(o.revision) as revision
     from integration.outbox left join orders.customer_order o on o.id = subject
     where type not like 'inventory-%' group by subject
     union all
     select id, '{}', revision from orders.customer_order where id not in (select subject from integration.outbox)`,
  );
  return rows.flatMap(({ subject, versions, revision }) => {
    if (versions.some((version, index) => version !== index + 1))
      return [`I6 events of ${subject} are numbered ${versions.join()}`];
    return versions.length === revision
      ? []
      : [`I6 ${versions.length} events of ${subject}, whose revision is ${revision}`];
  });
}

/** I1 and I2, from the outside: what is left is what there was, less what was acknowledged. */
async function unitsOutside(world: World, history: History): Promise<string[]> {
  const faults: string[] = [];
  const left = new Map<string, number>();
  for await (const page of world.warehouse.snapshot(QUIET))
    for (const { sku, onHand } of page.levels) left.set(sku, (left.get(sku) ?? 0) + onHand);
  for (const order of history.orders) {
    const seen = await read((world.processes[0] as Process).orders, order);
    for (const line of order.lines) {
      const cancelled = seen?.find((candidate) => candidate.id === line.id)?.quantities.cancelled ?? 0;
      // By the deadline too, if it was not paid in time. What nodes were busy with may be paid when the rest is cancelled.
      const mayBeOverdue = history.overdue && order.channel === 'WEB' && (!order.paid || order.busied);
      const right = line.cancelledAll || mayBeOverdue ? cancelled >= line.cancelled : cancelled === line.cancelled;
      if (!right) faults.push(`I3 ${cancelled} units of ${order.key} are cancelled, acknowledged ${line.cancelled}`);
      left.set(line.sku, (left.get(line.sku) ?? 0) - (line.ordered - cancelled - line.shipped));
    }
  }
  const rows = await query<{ sku: string; free: number; lowest: number }>(
    world.knex,
    'select sku, sum(on_hand - committed)::int as free, min(on_hand - committed) as lowest from inventory.position group by sku',
  );
  for (const { sku, free, lowest } of rows) {
    if (lowest < 0) faults.push(`I1 oversold: ${lowest} of ${sku} at one location`);
    if (free !== left.get(sku)) faults.push(`I2 ${free} of ${sku} can be sold, ${left.get(sku)} are left`);
  }
  return faults;
}
