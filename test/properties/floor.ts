import { query } from '../../platform/db/query.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { arrival } from '../helpers/arrival.ts';
import type { Act, Site, Sku } from './actions.ts';
import { type History, NOTHING, newCall, type Outcome, type PlacedLine, persist, pick, send } from './perform.ts';
import { at, type Process, type World } from './world.ts';

const QUIET = new AbortController().signal;
const TRACE = '0'.repeat(32);

/** Sourced, accepted, picked and booked out. What the warehouse booked, its feed tells later. */
export async function ship(
  world: World,
  process: Process,
  history: History,
  action: Extract<Act, { do: 'ship' }>,
  name: string,
): Promise<Outcome> {
  const order = pick(history.orders, action.order);
  const line = order && pick(order.lines, action.line);
  if (!order || !line || line.busy) return NOTHING;
  line.busy = true;
  order.busied = true;
  try {
    return await pickAndIssue(world, process, order.id, line, action.quantity, name);
  } finally {
    line.busy = false;
  }
}

async function pickAndIssue(
  world: World,
  { book, stock }: Process,
  orderId: string,
  line: PlacedLine,
  wanted: number,
  name: string,
): Promise<Outcome> {
  const unsourced = (await persist(() => book.read(orderId)))?.lines.find(({ id }) => id === line.id)?.quantities
    .unsourced;
  const node = (await promisedAt(world, line)).find((candidate) => candidate.units > 0);
  const units = Math.min(wanted, unsourced ?? 0, node?.units ?? 0);
  if (!node || units < 1 || (await onShelf(world, line.sku, node.site)) < units) return NOTHING;
  const lines = [{ lineId: line.id, quantity: units }];
  const effect = (step: string) => ({ key: `${name}:${step}`, traceId: TRACE });
  try {
    await persist(() => book.accept(orderId, { deskNumber: 'D', acknowledgedAt: new Date() }, effect('accept')));
    await persist(() => book.allocate(orderId, lines, effect('allocate')));
  } catch (error) {
    // The buyer was faster and cancelled.
    if (isCommerceError(error) && error.code === 'ILLEGAL_TRANSITION') return NOTHING;
    throw error;
  }
  const work = `ful_${name}`;
  await persist(() => stock.assignWork(work, [{ lineRef: '1', orderLineId: line.id }]));
  await persist(() => book.startFulfillment(orderId, lines, effect('start')));
  line.issued.push({ site: node.site, units });
  world.warehouse.issue({ siteCode: node.site, sku: line.sku, quantity: units, reference: work, lineRef: '1' });
  await persist(() => book.ship(orderId, lines, effect('ship')));
  line.shipped += units;
  return { code: 'SHIPPED', site: node.site, units };
}

/** Units of a line that its nodes still owe, first taken first: cancellations give the last taken back. */
async function promisedAt(world: World, line: PlacedLine): Promise<{ site: Site; units: number }[]> {
  const rows = await query<{ code: Site; units: number }>(
    world.knex,
    `select location.code, sum(quantity - released)::int as units
     from inventory.reservation_line join inventory.location on location.id = location_id
     where order_line_id = ? group by 1 order by min(reservation_line.id)`,
    [line.id],
  );
  return rows.map(({ code: site, units }) => ({
    site,
    units: line.issued.reduce((left, issue) => left - (issue.site === site ? issue.units : 0), units),
  }));
}

async function onShelf(world: World, sku: Sku, site: Site): Promise<number> {
  for await (const page of world.warehouse.snapshot(QUIET)) {
    const level = page.levels.find((candidate) => candidate.sku === sku && candidate.siteCode === site);
    if (level) return level.onHand;
  }
  return 0;
}

/** The warehouse counts: more than the books say, or less, down to none. */
export async function count(world: World, action: Extract<Act, { do: 'count' }>, name: string): Promise<Outcome> {
  const delta = Math.max(action.delta, -(await onShelf(world, action.sku, action.site)));
  if (delta === 0) return NOTHING;
  const amount = { delta };
  await world.warehouse.adjust(
    { key: name, siteCode: action.site, sku: action.sku, reason: 'CORRECTION', amount, seenSequence: null },
    QUIET,
  );
  return { code: 'COUNTED', units: delta };
}

/** Shipped units arrive, are asked back, come back and go on a shelf. */
export async function giveBack(
  process: Process,
  history: History,
  action: Extract<Act, { do: 'giveBack' }>,
  name: string,
): Promise<Outcome> {
  const order = pick(history.orders, action.order);
  const line = order && pick(order.lines, action.line);
  const units = line ? line.shipped - line.returned : 0;
  if (!order || !line || units < 1) return NOTHING;
  line.returned += units;
  const delivery = { key: `${name}:deliver`, traceId: TRACE };
  await persist(() => process.book.countShipment(order.id, arrival([{ lineId: line.id, quantity: units }]), delivery));
  const asked = newCall(history, 'returnRequest', order.channel, {
    lines: [{ orderLineId: line.id, quantity: units, reason: 'DEFECTIVE' }],
  }, order.id); // biome-ignore format: one request
  const { id, return: permitted } = await send(process, asked);
  asked.answer = { id, codes: [] };
  const received = { locationId: at(action.site), lines: [{ returnLineId: permitted?.lines?.[0]?.id, quantity: units, disposition: 'SELLABLE' }] }; // biome-ignore format: one request
  for (const [field, input] of [
    ['returnAuthorize', {}],
    ['returnReceive', received],
  ] as const) {
    const call = newCall(history, field, order.channel, input, id);
    const { codes } = await send(process, call);
    if (codes.length > 0) throw new Error(`${field} was refused: ${codes.join()}`);
    call.answer = { id, codes };
  }
  const goods = { key: `${name}:return`, locationId: at(action.site), lines: [{ sku: line.sku, quantity: units }] };
  await persist(() => process.stock.returnToStock(goods, QUIET));
  return { code: 'RETURNED', site: action.site, units };
}
