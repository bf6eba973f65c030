import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonAccount, TrytonBooks } from './books.ts';
import type { TrytonClient } from './client.ts';
import { requireState, type TrytonProduct, unexpectedState } from './documents.ts';
import { momentOn } from './moves.ts';
import { changeDates, datetime, day, decimal, decimalText, id, moment } from './wire.ts';

const MODEL = 'account.invoice';
const PAGE = 200;
const FIELDS = ['number', 'reference', 'state', 'move', 'create_date', 'write_date', 'invoice_date', 'total_amount', 'currency.code']; // biome-ignore format: one thought
const invoice = z.object({
  id,
  ...changeDates,
  create_date: moment,
  number: z.string().nullable(),
  reference: z.string().nullable(),
  state: z.enum(['draft', 'validated', 'posted', 'paid', 'cancelled']),
  move: id.nullable(),
  invoice_date: day.nullable(),
  total_amount: decimalText,
  'currency.': z.object({ code: z.string() }),
});
const cost = z.object({ id, code: z.string(), cost_price: decimalText.nullable() });

export interface TrytonInvoice {
  readonly id: number;
  /** Null until it was posted. */
  readonly number: string | null;
  readonly reference: string | null;
  readonly state: z.output<typeof invoice>['state'];
  /** Its posting; null until then. */
  readonly move: number | null;
  readonly issuedAt: Date;
  readonly changedAt: Date;
  /** Of whatever scale; below zero is what the buyer gets back. */
  readonly total: string;
  readonly currencyCode: string;
}

export interface NewInvoice {
  /** Our key of it: Tryton forbids no second one, so it is looked for first. */
  readonly reference: string;
  /** For people. */
  readonly description: string;
  readonly party: number;
  readonly address: number;
  readonly journal: number;
  readonly receivable: TrytonAccount;
  readonly lines: readonly {
    readonly product: TrytonProduct;
    readonly account: TrytonAccount;
    readonly description: string;
    /** Below zero on a credit note. */
    readonly quantity: number;
    readonly unitPrice: string;
  }[];
  /** Null: there is none. Tryton does not compute it: what the buyer was told is what is booked. */
  readonly tax: { readonly account: TrytonAccount; readonly base: string; readonly amount: string } | null;
}

/** Customers' documents under a reference: one with a number first, then the oldest. */
export async function findInvoices(
  tryton: TrytonClient,
  reference: string,
  call: CallOptions,
): Promise<TrytonInvoice[]> {
  const found = await readInvoices(tryton, [['reference', '=', reference]], call);
  return found.sort((a, b) => Number(a.number === null) - Number(b.number === null) || a.id - b.id);
}

/** The document that was posted under a reference. Drafts that a broken attempt left beside it go. */
export async function findPostedInvoice(
  tryton: TrytonClient,
  reference: string,
  call: CallOptions,
): Promise<TrytonInvoice | null> {
  const [first, ...others] = await findInvoices(tryton, reference, call);
  if (!first?.number) return null;
  const drafts = others.filter(({ number }) => number === null).map(({ id: draft }) => draft);
  if (drafts.length > 0) await tryton.remove(MODEL, drafts, call);
  return first;
}

/**
 * Posts a customer's invoice or credit note once. Drafts under the same reference that an earlier attempt left are taken away
 * before: of two who do it at the same time one finds its draft gone, and tries again.
 */
export async function postInvoice(
  tryton: TrytonClient,
  books: TrytonBooks,
  wish: NewInvoice,
  call: CallOptions,
): Promise<TrytonInvoice> {
  const known = await findPostedInvoice(tryton, wish.reference, call);
  if (known) return known;
  const [made] = await tryton.create(MODEL, [toValues(books, wish)], call);
  const all = await findInvoices(tryton, wish.reference, call);
  const stays = all[0]?.number ? all[0] : all.find((one) => one.id === made);
  const others = all.filter((one) => one.id !== stays?.id && one.number === null).map((one) => one.id);
  if (others.length > 0) await tryton.remove(MODEL, others, call);
  if (!stays) throw unexpectedState(MODEL);
  if (stays.number === null) await tryton.press(MODEL, 'post', [stays.id], call);
  const [posted] = await findInvoices(tryton, wish.reference, call);
  requireState(posted?.number ? posted.state : 'draft', ['posted', 'paid', 'cancelled'], MODEL);
  return posted as TrytonInvoice;
}

/** Posted documents of a party that changed at a moment or later. @param since null: all of them */
export function readChangedInvoices(
  tryton: TrytonClient,
  party: number,
  since: Date | null,
  call: CallOptions,
): Promise<TrytonInvoice[]> {
  const changed = since === null ? [] : [['write_date', '>=', datetime(since)]];
  return readInvoices(tryton, [['party', '=', party], ['number', '!=', null], ...changed], call); // biome-ignore format: one thought
}

/** Customers' documents in the order of their ids. @param limit at most so many; default all */
export async function readInvoices(
  tryton: TrytonClient,
  domain: readonly unknown[],
  call: CallOptions,
  limit = Number.POSITIVE_INFINITY,
): Promise<TrytonInvoice[]> {
  const found: TrytonInvoice[] = [];
  for (let last = 0; found.length < limit; last = found.at(-1)?.id ?? last) {
    const size = Math.min(PAGE, limit - found.length);
    const rows = await tryton.searchRead(MODEL, [['type', '=', 'out'], ...domain, ['id', '>', last]], invoice, FIELDS, { ...call, limit: size }); // biome-ignore format: one thought
    found.push(...rows.map(toInvoice));
    if (rows.length < size) break;
  }
  return found;
}

/** What a unit costs, by SKU, in the company's currency. Tryton has a cost for everything: 0 is how it says that it knows none. */
export async function readCosts(
  tryton: TrytonClient,
  skus: readonly string[],
  call: CallOptions,
): Promise<ReadonlyMap<string, string>> {
  const rows = await tryton.searchRead('product.product', [['code', 'in', [...new Set(skus)]]], cost, ['code', 'cost_price'], call); // biome-ignore format: one thought
  return new Map(rows.flatMap(({ code, cost_price: amount }) => (amount === null || Number(amount) === 0 ? [] : [[code, amount] as const]))); // biome-ignore format: one thought
}

function toValues({ company, currency }: TrytonBooks, wish: NewInvoice): object {
  const { reference, description, party, address, journal, receivable, lines, tax } = wish;
  return {
    company,
    currency,
    type: 'out',
    party,
    invoice_address: address,
    journal,
    account: receivable.id,
    reference,
    description,
    lines: [['create', lines.map(({ product, account, quantity, unitPrice, ...line }, sequence) => ({ type: 'line', sequence, company, currency, product: product.id, unit: product.uom, account: account.id, quantity, unit_price: decimal(unitPrice), description: line.description }))]],
    taxes: tax === null ? [] : [['create', [{ description: 'Tax', account: tax.account.id, base: decimal(tax.base), amount: decimal(tax.amount), manual: true }]]],
  }; // biome-ignore format: one thought
}

function toInvoice(row: z.output<typeof invoice>): TrytonInvoice {
  const { id: invoiceId, number, reference, state, move, total_amount: total } = row;
  return {
    id: invoiceId,
    number,
    reference,
    state,
    move,
    total,
    issuedAt: momentOn(row.invoice_date, row.create_date),
    changedAt: row.write_date ?? row.create_date,
    currencyCode: row['currency.'].code,
  };
}
