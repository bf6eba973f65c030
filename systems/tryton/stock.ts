import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonClient, TrytonContext } from './client.ts';
import { changeDates, datetime, day, id } from './wire.ts';

const PAGE = 500;

/** A warehouse with its zones. */
export interface TrytonSite {
  readonly id: number;
  readonly code: string;
  readonly name: string;
  readonly input: number;
  readonly storage: number;
  readonly output: number;
  /** Where goods can be taken from, or have been taken to be sent: what lies there is on hand. */
  readonly shelves: ReadonlySet<number>;
}

/** Goods that moved: nothing of it changes any more. */
export interface TrytonMove {
  readonly id: number;
  readonly sku: string | null;
  readonly quantity: number;
  readonly from: number;
  readonly fromType: string;
  readonly to: number;
  readonly toType: string;
  readonly at: Date;
  /** Model and id of the document, such as `stock.shipment.out,3`; null when it has none. */
  readonly shipment: string | null;
}

const location = z.object({
  id,
  name: z.string(),
  code: z.string().nullable(),
  type: z.string(),
  parent: id.nullable(),
  input_location: id.nullable(),
  output_location: id.nullable(),
  picking_location: id.nullable(),
  storage_location: id.nullable(),
});

const LOCATION_FIELDS = ['name', 'code', 'type', 'parent', 'input_location', 'output_location', 'picking_location', 'storage_location']; // biome-ignore format: one thought

/** Warehouses that have a code; one without is no site of ours. */
export async function readSites(tryton: TrytonClient, call: CallOptions = {}): Promise<TrytonSite[]> {
  const locations = await tryton.searchRead('stock.location', [], location, LOCATION_FIELDS, call);
  const parentOf = new Map(locations.map((one) => [one.id, one.parent]));
  const isWithin = (place: number, zone: number) => {
    for (let at: number | null = place; at !== null; at = parentOf.get(at) ?? null) if (at === zone) return true;
    return false;
  };
  return locations.flatMap(({ id: warehouse, code, name, type, ...zones }): TrytonSite[] => {
    const { input_location: input, storage_location: storage, output_location: output } = zones;
    if (type !== 'warehouse' || code === null || input === null || storage === null || output === null) return [];
    const counted = [storage, output, zones.picking_location].filter((zone) => zone !== null);
    const shelves = locations.filter((one) => counted.some((zone) => isWithin(one.id, zone))).map((one) => one.id);
    return [{ id: warehouse, code, name, input, storage, output, shelves: new Set(shelves) }];
  });
}

const onHand = z.object({ id, code: z.string().nullable(), quantity: z.number() });

/** Units on hand at a site by SKU, as done moves make them; what is nought is left out. */
export async function readOnHand(
  tryton: TrytonClient,
  site: TrytonSite,
  call: CallOptions = {},
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  // Tryton's own day: with ours, what moved there after its midnight would be left out.
  const today = await tryton.call('model.ir.date.today', [], day, { ...call, repeatable: true });
  const [year, month, of] = today.split('-').map(Number);
  const context = {
    locations: [...site.shelves],
    stock_date_end: { __class__: 'date', year, month, day: of },
    with_childs: false,
  };
  const domain = [['type', '=', 'goods'], ['active', 'in', [true, false]]]; // biome-ignore format: one thought
  const rows = await readInPages(tryton, 'product.product', domain, onHand, ['code', 'quantity'], { ...call, context });
  for (const { code, quantity } of rows) if (code !== null && quantity !== 0) found.set(code, quantity);
  return found;
}

const move = z.object({
  id,
  ...changeDates,
  internal_quantity: z.number(),
  from_location: id,
  to_location: id,
  shipment: z.string().nullable(),
  'product.': z.object({ code: z.string().nullable() }),
  'from_location.': z.object({ type: z.string() }),
  'to_location.': z.object({ type: z.string() }),
});

const MOVE_FIELDS = ['create_date', 'write_date', 'internal_quantity', 'from_location', 'to_location', 'shipment', 'product.code', 'from_location.type', 'to_location.type']; // biome-ignore format: one thought
const DONE = ['state', '=', 'done'];

/** Moves that were done at a moment or later, the first first. */
export async function readDoneMoves(
  tryton: TrytonClient,
  since: Date | null,
  call: CallOptions = {},
): Promise<TrytonMove[]> {
  // A move that was never written since it was created has no date of writing.
  const changed = since === null ? [] : [['OR', ['write_date', '>=', datetime(since)], [['write_date', '=', null], ['create_date', '>=', datetime(since)]]]]; // biome-ignore format: one thought
  const rows = await readInPages(tryton, 'stock.move', [DONE, ...changed], move, MOVE_FIELDS, call);
  return rows
    .map((row) => ({
      id: row.id,
      sku: row['product.'].code,
      quantity: row.internal_quantity,
      from: row.from_location,
      fromType: row['from_location.'].type,
      to: row.to_location,
      toType: row['to_location.'].type,
      at: row.write_date ?? row.create_date ?? new Date(0),
      shipment: row.shipment,
    }))
    .sort((a, b) => a.at.getTime() - b.at.getTime() || a.id - b.id);
}

/** Records by their ids, in pages that fit into the time of one call: a catalogue may have many thousands. */
async function readInPages<Row extends z.ZodType<{ readonly id: number }>>(
  tryton: TrytonClient,
  model: string,
  domain: readonly unknown[],
  row: Row,
  fields: readonly string[],
  call: CallOptions & { readonly context?: TrytonContext },
): Promise<z.output<Row>[]> {
  const found: z.output<Row>[] = [];
  for (let last = 0; ; last = found.at(-1)?.id ?? last) {
    const rows = await tryton.searchRead(model, [...domain, ['id', '>', last]], row, fields, { ...call, limit: PAGE });
    found.push(...rows);
    if (rows.length < PAGE) return found;
  }
}

const marked = z.object({ id, ...changeDates });

/** The newest done move and how many there are: another text when goods moved. */
export async function readMoveMark(
  tryton: TrytonClient,
  call: CallOptions = {},
): Promise<{ readonly mark: string; readonly newest: Date }> {
  const newestBy = async (field: 'write_date' | 'create_date') => {
    const order = [[field, 'DESC'], ['id', 'DESC']] as const; // biome-ignore format: one thought
    const domain = [DONE, [field, '!=', null]];
    const [row] = await tryton.searchRead('stock.move', domain, marked, ['write_date', 'create_date'], { ...call, order, limit: 1 }); // biome-ignore format: one thought
    return row?.[field]?.getTime() ?? 0;
  };
  const [written, created] = [await newestBy('write_date'), await newestBy('create_date')];
  const count = await tryton.count('stock.move', [DONE], call);
  return { mark: JSON.stringify([written, created, count]), newest: new Date(Math.max(written, created)) };
}

const referenced = z.object({ id, reference: z.string().nullable(), number: z.string().nullable() });

/** What people call documents: their reference, or their number; by model and id. */
export async function readReferences(
  tryton: TrytonClient,
  shipments: readonly string[],
  call: CallOptions = {},
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const byModel = new Map<string, number[]>();
  for (const shipment of new Set(shipments)) {
    const [model = '', number] = shipment.split(',');
    byModel.set(model, [...(byModel.get(model) ?? []), Number(number)]);
  }
  for (const [model, numbers] of byModel) {
    const rows = await tryton.searchRead(model, [['id', 'in', numbers]], referenced, ['reference', 'number'], call);
    for (const row of rows) found.set(`${model},${row.id}`, row.reference || row.number || `${model},${row.id}`);
  }
  return found;
}
