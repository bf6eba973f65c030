import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonClient } from './client.ts';
import { id, moment } from './wire.ts';

const changed = z.object({ id, write_date: moment });
const newest = z.object({ id });
/** Models whose records can be put out of use; a search leaves these out unless asked. */
const WITH_ACTIVE = new Set(['product.template', 'product.product', 'product.price_list', 'account.tax', 'stock.location']); // biome-ignore format: one thought

/**
 * A text that is another one when a record of these models was created, changed or deleted: Tryton tells nobody of
 * changes. A transaction that ends late may hide behind a later moment, so look at everything once in a while all the same.
 */
export async function readChangeMark(
  tryton: TrytonClient,
  models: readonly string[],
  call: CallOptions = {},
): Promise<string> {
  const marks: unknown[] = [];
  for (const model of models) {
    const all = WITH_ACTIVE.has(model) ? [['active', 'in', [true, false]]] : [];
    const [last] = await tryton.searchRead(model, [...all, ['write_date', '!=', null]], changed, ['write_date'], {
      ...call,
      order: [['write_date', 'DESC'], ['id', 'DESC']], // biome-ignore format: one thought
      limit: 1,
    });
    const [youngest] = await tryton.searchRead(model, all, newest, [], { ...call, order: [['id', 'DESC']], limit: 1 });
    marks.push([last?.id, last?.write_date.getTime(), youngest?.id, await tryton.count(model, all, call)]);
  }
  return JSON.stringify(marks);
}
