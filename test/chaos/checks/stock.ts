import { siblingDatabase } from '../../../platform/db/database-url.ts';
import { articleNoOf, itemCodeOf } from '../../../systems/wms/article-number.ts';
import type { Finding } from '../finding.ts';
import type { ClientRecord } from '../record.ts';
import { withDatabase } from '../shop.ts';

/** In units of what lies on shelves: a bundle counts as its components. What waits for stock was not sold yet. */
const SOLD = `
  select coalesce(part.component_sku, line.sku) as sku, sum((ordered - cancelled - backordered) * coalesce(part.quantity, 1))::int as sold,
         sum((unsourced + allocated + in_fulfillment) * coalesce(part.quantity, 1))::int as waiting
  from orders.order_line line left join inventory.bundle_component part on part.bundle_sku = line.sku group by 1`;
const POSITIONS = `
  select p.sku, l.code as site, p.on_hand, p.reserved::int as reserved, p.committed
  from inventory.position p join inventory.location l on l.id = p.location_id`;
const WAITING = `
  select line.sku, location.code as site, sum(line.quantity - consumed - released)::int as units
  from inventory.reservation_line line join inventory.location on location.id = line.location_id
  join orders.order_line l on l.id = line.order_line_id and l.unsourced + l.backordered + l.allocated + l.in_fulfillment > 0
  where line.state = 'COMMITTED' group by 1, 2`;
const SHELVES = `
  select article_no, site, quantity, site_type <> 'ST' as ships from wms.stock join wms.site on site.code = stock.site`;

/** I1, I2: nothing was promised twice, and what nobody has can be bought. */
export async function checkStock(record: ClientRecord, databaseUrl: string): Promise<Finding[]> {
  const shelves = await withDatabase(siblingDatabase(databaseUrl, 'commerce_wms'), async (client) => {
    const { rows } = await client.query<{ article_no: string; site: string; quantity: number; ships: boolean }>(
      SHELVES,
    );
    return rows.map((row) => ({ ...row, sku: itemCodeOf(row.article_no) }));
  });
  const read = await withDatabase(databaseUrl, async (client) => ({
    sold: (await client.query<{ sku: string; sold: number; waiting: number }>(SOLD)).rows,
    positions: (
      await client.query<{ sku: string; site: string; on_hand: number; reserved: number; committed: number }>(POSITIONS)
    ).rows,
    waiting: (await client.query<{ sku: string; site: string; units: number }>(WAITING)).rows,
    movements: (await client.query<{ count: number }>('select count(*)::int as count from inventory.movement')).rows,
    differences: (await client.query<{ sku: string }>('select sku from inventory.ledger_difference')).rows,
  }));
  const soldOf = new Map(read.sold.map((row) => [row.sku, row]));
  const onShelf = new Map(shelves.map((row) => [`${row.sku} at ${row.site}`, row.quantity]));
  const promised = new Map(read.waiting.map((row) => [`${row.sku} at ${row.site}`, row.units]));
  const goods = Object.entries(record.stock);
  return [
    {
      invariant: 'I1',
      what: 'oversold: more was ordered than there was',
      counted: goods.length,
      faults: goods.flatMap(([sku, units]) => {
        const sold = soldOf.get(sku)?.sold ?? 0;
        return sold > units ? [`${sku}: ${sold} of ${units}`] : [];
      }),
    },
    {
      invariant: 'I1',
      what: 'positions that are not the sum of their movements or of their reservations',
      counted: read.movements[0]?.count ?? 0,
      faults: read.differences.map((row) => row.sku),
    },
    {
      invariant: 'I2',
      what: "positions on hand that differ from the warehouse's own books",
      counted: read.positions.length,
      faults: read.positions.flatMap(({ sku, site, on_hand }) => {
        const units = onShelf.get(`${sku} at ${site}`) ?? 0;
        return units === on_hand ? [] : [`${sku} at ${site}: ${on_hand}, the warehouse has ${units}`];
      }),
    },
    {
      invariant: 'I2',
      what: 'units kept for nobody: no live hold, no order that waits for them',
      counted: read.positions.length,
      faults: read.positions.flatMap(({ sku, site, reserved, committed }) => {
        const wanted = promised.get(`${sku} at ${site}`) ?? 0;
        return reserved === 0 && committed === wanted ? [] : [`${sku} at ${site}: ${reserved} reserved, ${committed} committed, ${wanted} waited for`]; // biome-ignore format: one thought
      }),
    },
    {
      invariant: 'I4',
      what: 'goods that left the shelves more or less often than they were sold',
      counted: goods.length,
      faults: goods.flatMap(([sku, units]) => {
        const { sold = 0, waiting = 0 } = soldOf.get(sku) ?? {};
        const left = shelves.reduce(
          (sum, row) => sum + (row.ships && row.article_no === articleNoOf(sku) ? row.quantity : 0),
          0,
        );
        const expected = units - (sold - waiting);
        return left === expected ? [] : [`${sku}: ${left} are left, ${expected} should be`];
      }),
    },
  ];
}
