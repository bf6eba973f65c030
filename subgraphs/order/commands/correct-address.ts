import type { Knex } from 'knex';
import { change } from '../../../platform/db/query.ts';
import { changeOrder, lockOrder } from '../change.ts';
import type { Address } from '../model.ts';
import { checkAddress } from './place-input.ts';

/** Parts of a delivery address that an operator can correct. */
export const ADDRESS_PARTS = [
  'name',
  'line1',
  'line2',
  'city',
  'region',
  'postalCode',
  'countryCode',
  'phone',
] as const;

/**
 * Replaces the given parts of an order's delivery address by the rules that a placed order is held to; the rest stays.
 * The address is personal data: the timeline and the answer name the parts, not their values.
 *
 * @returns the names of the parts that differ now, or why nothing was changed
 */
export async function correctAddress(
  trx: Knex.Transaction,
  orderId: string,
  parts: Readonly<Record<string, string>>,
  traceId: string,
): Promise<
  | { readonly kind: 'corrected'; readonly parts: readonly string[] }
  | { readonly kind: 'refused'; readonly field: string | null; readonly message: string }
> {
  const found = await lockOrder(trx, orderId);
  const before = found?.order.shippingAddress ?? null;
  if (!before) return { kind: 'refused', field: null, message: 'The order has no delivery address.' };
  const after: Address = { ...before, ...parts };
  const [problem] = checkAddress(after);
  if (problem) return { kind: 'refused', field: problem.part, message: problem.message };
  const changed = ADDRESS_PARTS.filter((part) => (before[part] ?? '') !== (after[part] ?? ''));
  if (changed.length === 0) return { kind: 'refused', field: null, message: 'The order has this address already.' };
  await change(trx, 'update orders.customer_order set shipping_address = ? where id = ?', [JSON.stringify(after), orderId]); // biome-ignore format: one thought
  await changeOrder(trx, orderId, {
    key: null,
    timeline: [
      { type: 'ADDRESS_CORRECTED', system: 'commerce', message: `Delivery address corrected: ${changed.join(', ')}` },
    ],
    traceId,
  });
  return { kind: 'corrected', parts: changed };
}
