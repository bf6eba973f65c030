import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonClient } from './client.ts';
import { id } from './wire.ts';

/** Code of the journal that the graph posts in: accountants make it, so that they see what came from where. */
export const JOURNAL_CODE = 'COMMERCE';

/** Whose books a company keeps. */
export interface TrytonBooks {
  readonly company: number;
  readonly currency: number;
  readonly currencyCode: string;
}

export interface TrytonAccount {
  readonly id: number;
  /** Number in the chart of accounts. */
  readonly code: string;
  /** Whether every line on it says whose it is. */
  readonly party_required: boolean;
}

const company = z.object({ id, currency: id, 'currency.': z.object({ code: z.string() }) });
const record = z.object({ id });
const account = z.object({ id, code: z.string(), party_required: z.union([z.boolean(), z.literal(0), z.literal(1), z.null()]).transform(Boolean) }); // biome-ignore format: one thought
const month = z.object({ id, state: z.string() });

/** @throws CommerceError SYSTEM_REJECTED when the user works for no company */
export async function readBooks(tryton: TrytonClient, call: CallOptions): Promise<TrytonBooks> {
  const { company: own } = await tryton.identity();
  const [found] = await tryton.searchRead('company.company', [['id', '=', own ?? 0]], company, ['currency', 'currency.code'], call); // biome-ignore format: one thought
  if (!found) throw lacking('a company that its user works for');
  return { company: found.id, currency: found.currency, currencyCode: found['currency.'].code };
}

/** Accounts by their numbers; those that nothing can be posted to are absent. */
export async function accountsOf(
  tryton: TrytonClient,
  books: TrytonBooks,
  codes: readonly string[],
  call: CallOptions,
): Promise<ReadonlyMap<string, TrytonAccount>> {
  const domain = [['code', 'in', [...new Set(codes)]], ['company', '=', books.company], ['type', '!=', null], ['closed', '!=', true]]; // biome-ignore format: one thought
  const rows = await tryton.searchRead('account.account', domain, account, ['code', 'party_required'], call);
  return new Map(rows.map((one) => [one.code, one]));
}

/** The journal of what the graph posts itself. @throws CommerceError SYSTEM_REJECTED that says what to add */
export async function ownJournal(tryton: TrytonClient, call: CallOptions): Promise<number> {
  const [found] = await tryton.searchRead('account.journal', [['code', '=', JOURNAL_CODE]], record, [], {
    ...call,
    limit: 1,
  });
  if (!found) throw lacking(`an account journal with the code ${JOURNAL_CODE}, of type General`);
  return found.id;
}

/** The journal of customers' invoices. @throws CommerceError SYSTEM_REJECTED that says what to add */
export async function revenueJournal(tryton: TrytonClient, call: CallOptions): Promise<number> {
  const [found] = await tryton.searchRead('account.journal', [['type', '=', 'revenue']], record, [], {
    ...call,
    limit: 1,
  });
  if (!found) throw lacking('an account journal of type Revenue');
  return found.id;
}

/** The posting period of a day; null while none is open to the journal. */
export async function openPeriodOf(
  tryton: TrytonClient,
  { company: own }: TrytonBooks,
  journal: number,
  day: { readonly year: number; readonly month: number; readonly day: number },
  call: CallOptions,
): Promise<number | null> {
  const on = { __class__: 'date', ...day };
  const domain = [['company', '=', own], ['type', '=', 'standard'], ['start_date', '<=', on], ['end_date', '>=', on]]; // biome-ignore format: one thought
  const [found] = await tryton.searchRead('account.period', domain, month, ['state'], { ...call, limit: 1 });
  if (found?.state !== 'open') return null;
  const closed = [['journal', '=', journal], ['period', '=', found.id], ['state', '=', 'close']]; // biome-ignore format: one thought
  return (await tryton.count('account.journal.period', closed, call)) > 0 ? null : found.id;
}

function lacking(what: string): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', `Tryton has not got ${what}: add it there`, { system: 'Tryton', systemCode: 'SETUP_LACKING' }); // biome-ignore format: one thought
}
