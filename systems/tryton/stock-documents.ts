import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonClient } from './client.ts';
import { productsOf, requireState, type TrytonProduct, unexpectedState, unnamedCustomer } from './documents.ts';
import type { TrytonSite } from './stock.ts';
import { date, decimal, id, ids } from './wire.ts';

/** A document with the moves that it consists of. */
export interface StockDocument {
  readonly id: number;
  readonly moves: readonly number[];
}

const record = z.object({ id });
/** It warns of moves that no sale asked for: what comes back was sold here. */
export const NO_ORIGIN = /^[0-9a-f]+\.done$/;
const stated = z.object({ id, state: z.string() });

/**
 * Moves goods between the shelves of a site and the place of lost goods. The document is found again by its reference: Tryton
 * has no idempotency keys and forbids no second one, so never create without looking.
 * @param wish positive `delta`: units that are found; negative: that are lost
 */
export async function moveBetween(
  tryton: TrytonClient,
  wish: { readonly reference: string; readonly site: TrytonSite; readonly sku: string; readonly delta: number },
  call: CallOptions,
): Promise<StockDocument | 'unknown-product' | 'not-enough'> {
  const { reference, site, sku, delta } = wish;
  const product = (await productsOf(tryton, [sku], call)).get(sku);
  if (!product) return 'unknown-product';
  const [lost] = await tryton.searchRead('stock.location', [['type', '=', 'lost_found']], record, [], {
    ...call,
    limit: 1,
  });
  const [from, to] = delta > 0 ? [lost?.id ?? 0, site.storage] : [site.storage, lost?.id ?? 0];
  return moveInside(tryton, { reference, from, to, goods: [{ product, quantity: Math.abs(delta) }] }, call);
}

/** Puts goods that stand ready to be sent back on the shelf; found again by its reference. */
export async function putBackOnShelf(
  tryton: TrytonClient,
  wish: { readonly reference: string; readonly site: TrytonSite; readonly lines: readonly { readonly sku: string; readonly quantity: number }[] }, // biome-ignore format: one thought
  call: CallOptions,
): Promise<StockDocument | 'unknown-product' | 'not-enough'> {
  const { reference, site, lines } = wish;
  const products = await productsOf(tryton, lines.map(({ sku }) => sku), call); // biome-ignore format: one thought
  const goods = [];
  for (const { sku, quantity } of lines) {
    const product = products.get(sku);
    if (!product) return 'unknown-product';
    goods.push({ product, quantity });
  }
  return moveInside(tryton, { reference, from: site.output, to: site.storage, goods }, call);
}

async function moveInside(
  tryton: TrytonClient,
  { reference, from, to, goods }: { readonly reference: string; readonly from: number; readonly to: number; readonly goods: readonly { readonly product: TrytonProduct; readonly quantity: number }[] }, // biome-ignore format: one thought
  call: CallOptions,
): Promise<StockDocument | 'not-enough'> {
  const model = 'stock.shipment.internal';
  const shipment = await findOrCreate(tryton, model, reference, call, async () => {
    const moves = [];
    for (const { product, quantity } of goods) moves.push(await moveOf(tryton, product, quantity, from, to));
    return {
      company: (await tryton.identity()).company,
      from_location: from,
      to_location: to,
      ...today(),
      moves: [['create', moves]],
    };
  });
  const state = () => stateOf(tryton, model, shipment, call);
  if ((await state()) === 'draft') await tryton.press(model, 'wait', [shipment], call);
  if ((await state()) === 'waiting' && (await tryton.press(model, 'assign_try', [shipment], call)) !== true) {
    // What could be had stays assigned to it otherwise.
    await tryton.press(model, 'cancel', [shipment], call);
    return 'not-enough';
  }
  if ((await state()) === 'assigned') await tryton.press(model, 'done', [shipment], call);
  requireState(await state(), ['done'], model);
  const moves = await tryton.searchRead('stock.move', [['shipment', '=', `${model},${shipment}`]], record, [], call);
  return { id: shipment, moves: moves.map((move) => move.id) };
}

/** Takes goods back from a customer and puts them on the shelf; found again by its reference. */
export async function receiveFromCustomer(
  tryton: TrytonClient,
  wish: { readonly reference: string; readonly site: TrytonSite; readonly lines: readonly { readonly sku: string; readonly quantity: number }[] }, // biome-ignore format: one thought
  call: CallOptions,
): Promise<StockDocument | 'unknown-product'> {
  const model = 'stock.shipment.out.return';
  const { reference, site, lines } = wish;
  const products = await productsOf(tryton, lines.map(({ sku }) => sku), call); // biome-ignore format: one thought
  if (lines.some(({ sku }) => !products.has(sku))) return 'unknown-product';
  const shipment = await findOrCreate(tryton, model, reference, call, async () => {
    const [customers] = await tryton.searchRead('stock.location', [['type', '=', 'customer']], record, [], { ...call, limit: 1 }); // biome-ignore format: one thought
    const { party, address } = await unnamedCustomer(tryton, call);
    const moves = [];
    for (const { sku, quantity } of lines) {
      const product = products.get(sku);
      if (product) moves.push(await moveOf(tryton, product, quantity, customers?.id ?? 0, site.input));
    }
    const { company } = await tryton.identity();
    return {
      company,
      customer: party,
      delivery_address: address,
      warehouse: site.id,
      incoming_moves: [['create', moves]],
    };
  });
  const state = () => stateOf(tryton, model, shipment, call);
  if ((await state()) === 'draft') await tryton.press(model, 'receive', [shipment], { ...call, accept: NO_ORIGIN });
  if ((await state()) === 'received') await tryton.press(model, 'done', [shipment], { ...call, accept: NO_ORIGIN });
  requireState(await state(), ['done'], model);
  const [row] = await tryton.searchRead(model, [['id', '=', shipment]], z.object({ id, inventory_moves: ids }), ['inventory_moves'], call); // biome-ignore format: one thought
  return { id: shipment, moves: row?.inventory_moves ?? [] };
}

/** Over this protocol nothing fills fields in that a form would: unit, price and currency have to be sent. */
async function moveOf(tryton: TrytonClient, product: TrytonProduct, quantity: number, from: number, to: number) {
  const { company } = await tryton.identity();
  const [own] = await tryton.searchRead('company.company', [['id', '=', company]], z.object({ id, currency: id }), ['currency']); // biome-ignore format: one thought
  return {
    product: product.id,
    uom: product.uom,
    quantity,
    from_location: from,
    to_location: to,
    company,
    unit_price: decimal('0'),
    currency: own?.currency,
  };
}

async function findOrCreate(
  tryton: TrytonClient,
  model: string,
  reference: string,
  call: CallOptions,
  values: () => Promise<object>,
): Promise<number> {
  const [found] = await tryton.searchRead(model, [['reference', '=', reference], ['state', '!=', 'cancelled']], record, [], { ...call, limit: 1 }); // biome-ignore format: one thought
  if (found) return found.id;
  const [made] = await tryton.create(model, [{ ...(await values()), reference }], call);
  if (made === undefined) throw unexpectedState(model);
  return made;
}

async function stateOf(tryton: TrytonClient, model: string, shipment: number, call: CallOptions): Promise<string> {
  const [row] = await tryton.searchRead(model, [['id', '=', shipment]], stated, ['state'], call);
  return row?.state ?? 'gone';
}

/** Both are needed where goods pass between places. */
function today() {
  const now = date(new Date().toISOString().slice(0, 10));
  return { planned_date: now, planned_start_date: now };
}
