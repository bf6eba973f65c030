import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonClient } from './client.ts';
import { requireState, type TrytonProduct, unnamedCustomer } from './documents.ts';
import { decimal, id, moment } from './wire.ts';

const MODEL = 'sale.sale';
const head = z.object({ id, number: z.string().nullable(), state: z.string(), create_date: moment });
const line = z.object({ id, sale: id, description: z.string().nullable(), quantity: z.number() });
const warehouse = z.object({ id });

/** States of a sale that counts: its number is given out, and what is to be done about it can begin. */
const TAKEN = ['confirmed', 'processing', 'done'];

export interface TrytonSale {
  readonly id: number;
  /** Null while it is a draft. */
  readonly number: string | null;
  readonly state: string;
  readonly createdAt: Date;
  readonly lines: readonly TrytonSaleLine[];
}

export interface TrytonSaleLine {
  readonly id: number;
  /** Our name of the line. */
  readonly reference: string;
  readonly quantity: number;
}

export interface NewSale {
  /** Our id of it: Tryton forbids no second one, so look first. */
  readonly reference: string;
  /** For people. */
  readonly description: string;
  readonly currency: number;
  readonly lines: readonly {
    readonly reference: string;
    readonly product: TrytonProduct;
    readonly quantity: number;
    /** Decimal, as the buyer pays it: the sale has no taxes of its own. */
    readonly unitPrice: string;
  }[];
}

/** Sales under a reference: the oldest that was not cancelled first. */
export async function findSales(tryton: TrytonClient, reference: string, call: CallOptions): Promise<TrytonSale[]> {
  const domain = [['reference', '=', reference]];
  const heads = await tryton.searchRead(MODEL, domain, head, ['number', 'state', 'create_date'], call);
  if (heads.length === 0) return [];
  const ofThese = [['sale', 'in', heads.map((one) => one.id)], ['type', '=', 'line']]; // biome-ignore format: one thought
  const lines = await tryton.searchRead('sale.line', ofThese, line, ['sale', 'description', 'quantity'], call);
  return heads
    .sort((a, b) => Number(a.state === 'cancelled') - Number(b.state === 'cancelled') || a.id - b.id)
    .map(({ create_date: createdAt, ...sale }) => ({
      ...sale,
      createdAt,
      lines: lines
        .filter((one) => one.sale === sale.id)
        .map((one) => ({ id: one.id, reference: one.description ?? '', quantity: one.quantity })),
    }));
}

/** Whether a person can say of the sale that Tryton has taken it. */
export const isTaken = ({ state }: TrytonSale): boolean => TAKEN.includes(state);

/** Makes a draft. Shipments and invoices are made when the graph asks for them, so the sale makes none by itself. */
export async function createSale(tryton: TrytonClient, sale: NewSale, call: CallOptions): Promise<void> {
  const { party, address } = await unnamedCustomer(tryton, call);
  const { company } = await tryton.identity();
  // A sale has one, and its shipments may leave elsewhere all the same.
  const sites = [['type', '=', 'warehouse'], ['code', '!=', null]]; // biome-ignore format: one thought
  const [from] = await tryton.searchRead('stock.location', sites, warehouse, [], { ...call, limit: 1 });
  const values = {
    company,
    party,
    invoice_address: address,
    shipment_address: address,
    warehouse: from?.id ?? null,
    reference: sale.reference,
    description: sale.description,
    currency: sale.currency,
    invoice_method: 'manual',
    shipment_method: 'manual',
    lines: [['create', sale.lines.map(toLine)]],
  };
  await tryton.create(MODEL, [values], call);
}

/** Takes a sale as far as Tryton's own staff would: quotation, confirmed, processed. One that is further stays as it is. */
export async function confirmSale(tryton: TrytonClient, { id: sale }: TrytonSale, call: CallOptions): Promise<void> {
  const state = async () =>
    (await tryton.searchRead(MODEL, [['id', '=', sale]], z.object({ state: z.string() }), ['state'], call))[0]?.state ?? 'gone'; // biome-ignore format: one thought
  if ((await state()) === 'draft') await tryton.press(MODEL, 'quote', [sale], call);
  if ((await state()) === 'quotation') await tryton.press(MODEL, 'confirm', [sale], call);
  requireState(await state(), [...TAKEN, 'cancelled'], MODEL);
}

/** Removes a sale that was made twice, unless somebody has confirmed it. */
export async function removeSale(
  tryton: TrytonClient,
  { id: sale, state }: TrytonSale,
  call: CallOptions,
): Promise<void> {
  if (state !== 'draft' && state !== 'quotation') return;
  await tryton.remove(MODEL, [sale], call);
}

/**
 * Takes units off lines of a sale. Tryton has no way back from a confirmed sale: the lines then say what is still wanted, and
 * its amounts follow.
 * @param wanted units by line of Tryton
 */
export async function reduceLines(
  tryton: TrytonClient,
  sale: TrytonSale,
  wanted: ReadonlyMap<number, number>,
  call: CallOptions,
): Promise<void> {
  for (const [lineId, quantity] of wanted) await tryton.write('sale.line', [lineId], { quantity }, call);
  // Amounts of a confirmed sale are kept; without them they are computed.
  const amounts = { untaxed_amount_cache: null, tax_amount_cache: null, total_amount_cache: null };
  await tryton.write(MODEL, [sale.id], amounts, call);
  // What was shipped may be all that is wanted now.
  await tryton.press(MODEL, 'process', [sale.id], call);
}

function toLine({ reference, product, quantity, unitPrice }: NewSale['lines'][number], sequence: number) {
  return { type: 'line', sequence, product: product.id, unit: product.uom, quantity, unit_price: decimal(unitPrice), description: reference }; // biome-ignore format: one thought
}
