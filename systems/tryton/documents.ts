import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonClient } from './client.ts';
import { id, ids } from './wire.ts';

/** An article as documents name it. */
export interface TrytonProduct {
  readonly id: number;
  readonly uom: number;
}

const product = z.object({ id, code: z.string(), 'template.': z.object({ default_uom: id }) });
const customer = z.object({ id, addresses: ids });

/** Articles by SKU; unknown ones are absent. */
export async function productsOf(
  tryton: TrytonClient,
  skus: readonly string[],
  call: CallOptions,
): Promise<ReadonlyMap<string, TrytonProduct>> {
  const domain = [['code', 'in', [...new Set(skus)]]];
  const rows = await tryton.searchRead('product.product', domain, product, ['code', 'template.default_uom'], call);
  return new Map(rows.map((one) => [one.code, { id: one.id, uom: one['template.'].default_uom }]));
}

/** Personal data stays with us: who buys and returns goods is not said to Tryton. */
export async function unnamedCustomer(
  tryton: TrytonClient,
  call: CallOptions,
): Promise<{ readonly party: number; readonly address: number }> {
  const find = () =>
    tryton.searchRead('party.party', [['code', '=', 'COMMERCE']], customer, ['addresses'], { ...call, limit: 1 });
  let [party] = await find();
  if (!party) {
    const values = { name: 'Customers of the commerce graph', code: 'COMMERCE', addresses: [['create', [{}]]] };
    const failure = await tryton.create('party.party', [values], call).catch((error: unknown) => error);
    [party] = await find();
    // Codes are unique: two that need the first customer at once find the one that was made.
    if (!party && !Array.isArray(failure)) throw failure;
  }
  const [address] = party?.addresses ?? [];
  if (!party || address === undefined) throw unexpectedState('party.party');
  return { party: party.id, address };
}

/** A button that does nothing says nothing: only the state tells. */
export function requireState(state: string, expected: readonly string[], model: string): void {
  if (!expected.includes(state)) throw unexpectedState(model, state);
}

export function unexpectedState(model: string, state = 'none'): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', 'Tryton left a document in another state', { system: 'Tryton', systemCode: 'WRONG_STATE', model, state }); // biome-ignore format: one thought
}
