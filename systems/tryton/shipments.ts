import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonClient } from './client.ts';
import { productsOf, requireState, unnamedCustomer } from './documents.ts';
import type { TrytonSite } from './stock.ts';
import { NO_ORIGIN } from './stock-documents.ts';
import { changeDates, datetime, decimal, id } from './wire.ts';

const MODEL = 'stock.shipment.out';
const head = z.object({ id, number: z.string(), reference: z.string().nullable(), state: z.string(), warehouse: id, ...changeDates }); // biome-ignore format: one thought
const HEAD_FIELDS = ['number', 'reference', 'state', 'warehouse', 'create_date', 'write_date'];
const move = z.object({ id, shipment: z.string(), quantity: z.number(), from_location: id, state: z.string(), 'product.': z.object({ code: z.string().nullable() }), 'to_location.': z.object({ type: z.string() }) }); // biome-ignore format: one thought
const MOVE_FIELDS = ['shipment', 'quantity', 'from_location', 'state', 'product.code', 'to_location.type'];

/** A shipment to a customer. */
export interface TrytonShipment {
  readonly id: number;
  readonly number: string;
  readonly reference: string;
  /** draft, waiting, assigned, picked, packed, done or cancelled. */
  readonly state: string;
  readonly warehouse: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** What leaves with it, in the order in which it was asked for. */
  readonly leaving: readonly { readonly id: number; readonly sku: string; readonly quantity: number }[];
}

export interface NewShipment {
  /** Tryton forbids no second one under it: look first. */
  readonly reference: string;
  readonly site: TrytonSite;
  /** Where it goes; null when the buyer fetches it. */
  readonly address: ShippingAddress | null;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

export interface ShippingAddress {
  readonly name?: string | null;
  readonly line1: string;
  readonly line2?: string | null;
  readonly city: string;
  readonly region?: string | null;
  readonly postalCode?: string | null;
  readonly countryCode: string;
}

/** Shipments under these references, the oldest first. */
export async function findShipments(
  tryton: TrytonClient,
  references: readonly string[],
  call: CallOptions,
): Promise<TrytonShipment[]> {
  return read(tryton, [['reference', 'in', references]], call);
}

export async function findShipmentByNumber(
  tryton: TrytonClient,
  number: string,
  call: CallOptions,
): Promise<TrytonShipment | null> {
  return (await read(tryton, [['number', '=', number]], call))[0] ?? null;
}

/** Which shipments with a reference were made or changed at a moment or later, and how far they are. */
export async function readChangedShipments(tryton: TrytonClient, since: Date | null, call: CallOptions) {
  const changed = since === null ? [] : [['OR', ['write_date', '>=', datetime(since)], [['write_date', '=', null], ['create_date', '>=', datetime(since)]]]]; // biome-ignore format: one thought
  const rows = await tryton.searchRead(MODEL, [['reference', '!=', null], ...changed], head, HEAD_FIELDS, call);
  return rows.map((row) => ({ id: row.id, reference: row.reference ?? '', state: row.state, changedAt: row.write_date ?? row.create_date ?? new Date(0) })); // biome-ignore format: one thought
}

/** Makes a shipment that waits for its goods. @returns false, with nothing made, when Tryton lacks one of the articles */
export async function createShipment(tryton: TrytonClient, shipment: NewShipment, call: CallOptions): Promise<boolean> {
  const { reference, site, lines, address } = shipment;
  const products = await productsOf(tryton, lines.map(({ sku }) => sku), call); // biome-ignore format: one thought
  if (lines.some(({ sku }) => !products.has(sku))) return false;
  const { party, address: unnamed } = await unnamedCustomer(tryton, call);
  const { company } = await tryton.identity();
  const row = z.object({ id, currency: id });
  const [own] = await tryton.searchRead('company.company', [['id', '=', company]], row, ['currency'], call);
  const [to] = await tryton.searchRead('stock.location', [['type', '=', 'customer']], z.object({ id }), [], { ...call, limit: 1 }); // biome-ignore format: one thought
  // Over this protocol nothing fills fields in that a form would: unit, price and currency have to be sent.
  const moves = lines.map(({ sku, quantity }) => ({ product: products.get(sku)?.id, uom: products.get(sku)?.uom, quantity, from_location: site.output, to_location: to?.id, company, currency: own?.currency, unit_price: decimal('0') })); // biome-ignore format: one thought
  const values = {
    reference,
    company,
    customer: party,
    delivery_address: address === null ? unnamed : await createAddress(tryton, party, address, call),
    warehouse: site.id,
    outgoing_moves: [['create', moves]],
  };
  await tryton.create(MODEL, [values], call);
  return true;
}

/** The warehouse prints it on its labels. */
async function createAddress(
  tryton: TrytonClient,
  party: number,
  to: ShippingAddress,
  call: CallOptions,
): Promise<number> {
  const code = [['code', '=', to.countryCode]];
  const [country] = await tryton.searchRead('country.country', code, z.object({ id }), [], { ...call, limit: 1 });
  // A Tryton into which nobody has loaded countries has none: then it is a line of the address.
  const street = [to.line1, to.line2, to.region, country ? null : to.countryCode].filter(Boolean).join('\n');
  const values = { party, party_name: to.name ?? null, street, city: to.city, postal_code: to.postalCode ?? null, country: country?.id ?? null }; // biome-ignore format: one thought
  const [made = 0] = await tryton.create('party.address', [values], call);
  return made;
}

/** What a shipment passes through, and the button that takes it there. */
const STEPS = { draft: 'wait', assigned: 'pick', picked: 'pack', packed: 'done' } as const;
const ORDER = ['draft', 'waiting', 'assigned', 'picked', 'packed', 'done'];

/**
 * Takes a shipment on until it is in a state, as staff would with Tryton's buttons. One that is further stays as it is. Goods have
 * to be assigned before: Tryton would ship what is not there.
 * @throws CommerceError SYSTEM_REJECTED when a button does not do what it should
 */
export async function advance(
  tryton: TrytonClient,
  shipment: Pick<TrytonShipment, 'id'>,
  to: 'waiting' | 'picked' | 'packed' | 'done',
  call: CallOptions,
): Promise<void> {
  let state = await stateOf(tryton, shipment, call);
  while (ORDER.indexOf(state) < ORDER.indexOf(to)) {
    const button = STEPS[state as keyof typeof STEPS];
    if (!button) break;
    await tryton.press(MODEL, button, [shipment.id], { ...call, accept: NO_ORIGIN });
    const next = await stateOf(tryton, shipment, call);
    if (next === state) break;
    state = next;
  }
  requireState(state, ORDER.slice(ORDER.indexOf(to)), MODEL);
}

/** Assigns what a waiting shipment needs: all of it, or nothing. @returns whether all of it is there */
export async function assign(
  tryton: TrytonClient,
  { id: shipment }: Pick<TrytonShipment, 'id'>,
  call: CallOptions,
): Promise<boolean> {
  if ((await tryton.press(MODEL, 'assign_try', [shipment], call)) === true) {
    requireState(await stateOf(tryton, { id: shipment }, call), ['assigned'], MODEL);
    return true;
  }
  // What could be had stays assigned to it otherwise.
  await tryton.press(MODEL, 'wait', [shipment], call);
  return false;
}

/** Has a shipment wait again with other quantities: what was assigned to it is free. @param wanted units by move; 0 removes it */
export async function reduceShipment(
  tryton: TrytonClient,
  shipment: TrytonShipment,
  wanted: ReadonlyMap<number, number>,
  call: CallOptions,
): Promise<void> {
  // From "assigned" back to "waiting": a part is changed only there.
  await tryton.press(MODEL, 'wait', [shipment.id], call);
  for (const { id: moveId, quantity } of shipment.leaving) {
    const units = wanted.get(moveId) ?? quantity;
    if (units === quantity) continue;
    if (units === 0) await tryton.remove('stock.move', [moveId], call);
    else await tryton.write('stock.move', [moveId], { quantity: units }, call);
  }
  // Once more, so that what is picked is what is to leave.
  await tryton.press(MODEL, 'wait', [shipment.id], call);
  requireState(await stateOf(tryton, shipment, call), ['waiting'], MODEL);
}

export async function cancelShipment(
  tryton: TrytonClient,
  { id: shipment }: TrytonShipment,
  call: CallOptions,
): Promise<void> {
  await tryton.press(MODEL, 'cancel', [shipment], call);
  requireState(await stateOf(tryton, { id: shipment }, call), ['cancelled'], MODEL);
}

/** Removes a shipment that was made twice, while nobody has begun it. */
export async function removeShipment(
  tryton: TrytonClient,
  { id: shipment, state }: TrytonShipment,
  call: CallOptions,
): Promise<void> {
  if (state === 'draft' || state === 'waiting') await tryton.remove(MODEL, [shipment], call);
}

async function read(tryton: TrytonClient, domain: readonly unknown[], call: CallOptions): Promise<TrytonShipment[]> {
  const heads = await tryton.searchRead(MODEL, domain, head, HEAD_FIELDS, call);
  if (heads.length === 0) return [];
  const ofThese = [['shipment', 'in', heads.map((one) => `${MODEL},${one.id}`)]]; // biome-ignore format: one thought
  const moves = await tryton.searchRead('stock.move', ofThese, move, MOVE_FIELDS, call);
  return heads.map(({ create_date, write_date, ...one }) => ({
    ...one,
    reference: one.reference ?? '',
    createdAt: create_date ?? new Date(0),
    changedAt: write_date ?? create_date ?? new Date(0),
    leaving: moves
      .filter((part) => part.shipment === `${MODEL},${one.id}` && part['to_location.'].type === 'customer' && part.state !== 'cancelled') // biome-ignore format: one thought
      .map((part) => ({ id: part.id, sku: part['product.'].code ?? '', quantity: part.quantity })),
  }));
}

async function stateOf(
  tryton: TrytonClient,
  { id: shipment }: Pick<TrytonShipment, 'id'>,
  call: CallOptions,
): Promise<string> {
  const row = z.object({ state: z.string() });
  return (await tryton.searchRead(MODEL, [['id', '=', shipment]], row, ['state'], call))[0]?.state ?? 'gone';
}
