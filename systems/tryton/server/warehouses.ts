import { z } from 'zod';
import type { TrytonClient } from '../client.ts';
import { date, id } from '../wire.ts';

const record = z.object({ id });

export interface Warehouse {
  readonly id: number;
  readonly storage: number;
}

/** A warehouse with a zone each for goods that come in, lie on the shelf and go out. */
export async function addWarehouse(
  tryton: TrytonClient,
  { code, name }: { readonly code: string; readonly name: string },
): Promise<Warehouse> {
  const zones = ['Input', 'Output', 'Storage'].map((zone) => ({ name: `${name} ${zone}`, type: 'storage' }));
  const [input, output, storage = 0] = await tryton.create('stock.location', zones);
  const [lost] = await tryton.searchRead('stock.location', [['type', '=', 'lost_found']], record, []);
  const [warehouse = 0] = await tryton.create('stock.location', [
    {
      name,
      code,
      type: 'warehouse',
      input_location: input,
      output_location: output,
      storage_location: storage,
      // Without it no stock can be counted there.
      lost_found_location: lost?.id,
    },
  ]);
  return { id: warehouse, storage };
}

/** Books what is on the shelves, in whole units. */
export async function countStock(
  tryton: TrytonClient,
  warehouse: Warehouse,
  lines: readonly { readonly product: number; readonly quantity: number }[],
): Promise<void> {
  if (lines.length === 0) return;
  const { company } = await tryton.identity();
  const [inventory = 0] = await tryton.create('stock.inventory', [
    {
      location: warehouse.storage,
      company,
      date: date(new Date().toISOString().slice(0, 10)),
      lines: [['create', lines]],
    },
  ]);
  await tryton.press('stock.inventory', 'confirm', [inventory]);
}
