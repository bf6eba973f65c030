import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { askEntities } from '../helpers/subgraph.ts';
import { type Site, SKUS, type Sku } from './actions.ts';
import type { History } from './perform.ts';
import type { Model, ModelLine } from './shop.ts';
import { committed, free, positionOf, promised, sellable } from './units.ts';
import { callers, type World } from './world.ts';

/** Units that something (a hold, an order line) has at a position. */
interface Share {
  readonly owner: string;
  readonly sku: Sku;
  readonly site: Site;
  readonly units: number;
}

/**
 * Takes over at which nodes the system promised units, and says in what the system differs from the model:
 * how many units are promised to whom, what is on hand, what may be sold, where the units of every order line are.
 */
export async function differences(world: World, history: History, model: Model): Promise<string[]> {
  const found: string[] = [];
  const expect = (what: string, seen: unknown, wanted: unknown) => {
    if (seen !== wanted) found.push(`${what}: ${seen}, not ${wanted}`);
  };
  const before = new Map([...model.positions.keys()].map((name) => [name, promised(model, name)]));
  const [holds, commitments, positions, buckets] = await Promise.all([
    sharesOf(world.knex, HOLDS),
    sharesOf(world.knex, COMMITMENTS),
    query<PositionRow>(world.knex, POSITIONS, [[...SKUS]]),
    query<BucketRow>(world.knex, BUCKETS),
  ]);

  for (const [index, hold] of model.holds.entries()) {
    const own = holds.get(history.holds[index]?.id ?? '') ?? [];
    for (const sku of SKUS) {
      const asked = hold.lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
      // When its time is over somebody may have swept a part of it, or all.
      if (hold.state === 'OVER' && unitsOf(own, sku) <= asked) continue;
      expect(`units of ${sku} kept by hold ${index}`, unitsOf(own, sku), hold.state === 'HELD' ? asked : 0);
    }
    hold.where = whereOf(own);
  }
  const rows = new Map(buckets.map((row) => [row.id, row]));
  for (const [index, order] of model.orders.entries())
    for (const [number, line] of order.lines.entries()) {
      const id = history.orders[index]?.lines[number]?.id ?? '';
      const what = `order ${index} line ${number}`;
      const own = commitments.get(id) ?? [];
      // What is shipped stays promised until the warehouse's booking has been heard.
      expect(`units promised to ${what}`, unitsOf(own, line.sku), line.unsourced + line.shipped - line.consumed);
      expect(`the units of ${what}`, bucketsOf(rows.get(id)), bucketsOf(expectedBuckets(line)));
      line.where = whereOf(own);
    }

  for (const row of positions) {
    const name = positionOf(row.sku, row.site);
    const position = model.positions.get(name);
    expect(`on hand ${name}`, row.on_hand, position?.onHand);
    expect(`committed ${name}`, row.committed, committed(model, name));
    const kept = model.holds.reduce((sum, hold) => sum + (hold.where.get(name) ?? 0), 0);
    expect(`reserved ${name}`, Number(row.reserved), kept);
    expect(`available ${name}`, row.available, free(model, name));
    const now = promised(model, name);
    if (now > (before.get(name) ?? 0) && now > row.on_hand - (position?.safety ?? 0))
      found.push(`${name} promises ${now} of ${row.on_hand}`);
  }
  const seen = await sellableInGraph(world);
  for (const [index, sku] of SKUS.entries()) expect(`sellable ${sku}`, seen[index], sellable(model, sku, 'WEB', false));
  return found;
}

const HOLDS = `select reservation_id as owner, sku, code as site, quantity as units
  from inventory.reservation_line join inventory.location on location.id = location_id where state = 'HELD'`;
const COMMITMENTS = `select order_line_id as owner, sku, code as site, quantity - consumed - released as units
  from inventory.reservation_line join inventory.location on location.id = location_id where state = 'COMMITTED'`;
const POSITIONS = `select p.sku, l.code as site, p.on_hand, p.reserved, p.committed, s.available
  from inventory.position p join inventory.location l on l.id = p.location_id
  join inventory.stock_at(?::text[], null, clock_timestamp()) s on s.sku = p.sku and s.location_id = p.location_id`;
const BUCKETS = `select id, unsourced, backordered, cancelled, in_transit + delivered as shipped, returned from orders.order_line`;

interface PositionRow {
  readonly sku: Sku;
  readonly site: Site;
  readonly on_hand: number;
  readonly reserved: string;
  readonly committed: number;
  readonly available: number;
}

interface BucketRow {
  readonly id: string;
  readonly unsourced: number;
  readonly backordered: number;
  readonly cancelled: number;
  readonly shipped: number;
  readonly returned: number;
}

const bucketsOf = (row: Omit<BucketRow, 'id'> | undefined): string =>
  row
    ? `${row.unsourced} unsourced, ${row.backordered} backordered, ${row.cancelled} cancelled, ${row.shipped} shipped, ${row.returned} returned`
    : 'none';

const expectedBuckets = (line: ModelLine): Omit<BucketRow, 'id'> => line;

async function sharesOf(knex: Knex, statement: string): Promise<Map<string, Share[]>> {
  const shares = new Map<string, Share[]>();
  for (const share of await query<Share>(knex, statement))
    shares.set(share.owner, [...(shares.get(share.owner) ?? []), share]);
  return shares;
}

const unitsOf = (shares: readonly Share[], sku: Sku): number =>
  shares.reduce((sum, share) => sum + (share.sku === sku ? share.units : 0), 0);

function whereOf(shares: readonly Share[]): Map<string, number> {
  const where = new Map<string, number>();
  for (const { sku, site, units } of shares)
    where.set(positionOf(sku, site), (where.get(positionOf(sku, site)) ?? 0) + units);
  return where;
}

async function sellableInGraph(world: World): Promise<number[]> {
  const representations = SKUS.map((sku) => ({ __typename: 'ProductVariant', sku }));
  const inventory = world.processes[0]?.inventory;
  if (!inventory) throw new Error('no process');
  const answer = await askEntities(inventory, representations, '{ availability { sellableQuantity } }', callers.WEB);
  const entities = answer.data?._entities as { availability: { sellableQuantity: number } }[];
  return entities.map((entity) => entity.availability.sellableQuantity);
}
