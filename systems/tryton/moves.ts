import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { TrytonAccount, TrytonBooks } from './books.ts';
import type { TrytonClient } from './client.ts';
import { unexpectedState } from './documents.ts';
import { date, datetime, day, decimal, decimalText, id, moment } from './wire.ts';

const MODEL = 'account.move';
const PAGE = 200;
const MOVE_FIELDS = ['number', 'post_number', 'description', 'state', 'origin', 'create_date', 'write_date', 'post_date', 'date', 'period.name']; // biome-ignore format: one thought
const move = z.object({
  id,
  number: z.string(),
  post_number: z.string().nullable(),
  description: z.string().nullable(),
  state: z.string(),
  origin: z.string().nullable(),
  create_date: moment,
  write_date: moment.nullable(),
  post_date: day.nullable(),
  date: day,
  'period.': z.object({ name: z.string() }),
});
const line = z.object({
  id,
  move: id,
  account: id,
  reconciliation: id.nullable(),
  debit: decimalText,
  credit: decimalText,
  'account.': z.object({ code: z.string().nullable(), name: z.string() }),
});
const origin = z.object({ id, origin: z.string().nullable() });

/** A posting of Tryton's books, or the draft of one. */
export interface TrytonMove {
  readonly id: number;
  /** What we called it; of moves of its own, what its journal counts. */
  readonly reference: string;
  /** Its number in the books, with its period: it is counted by year. Null while it is a draft. */
  readonly number: string | null;
  readonly description: string;
  /** The record that it is of, such as `account.invoice,7`. */
  readonly origin: string | null;
  /** `2026-11-28`: the day that it counts for. */
  readonly date: string;
  readonly postedAt: Date;
  readonly changedAt: Date;
  readonly lines: readonly TrytonMoveLine[];
}

export interface TrytonMoveLine {
  readonly id: number;
  readonly account: number;
  /** Number of the account, or its name where it has none. */
  readonly code: string;
  /** Decimals of whatever scale; below zero where a posting takes another one back. */
  readonly debit: string;
  readonly credit: string;
  readonly isReconciled: boolean;
}

export interface NewMove {
  /** Our name of it: Tryton forbids no second one, so it is looked for first. */
  readonly reference: string;
  readonly description: string;
  readonly journal: number;
  readonly period: number;
  readonly date: string;
  readonly origin: string | null;
  readonly lines: readonly {
    readonly account: TrytonAccount;
    readonly debit: string;
    readonly credit: string;
  }[];
  /** Of the lines on accounts that want one. */
  readonly party: number;
}

/** Moves under a reference of ours: a posted one first, then the oldest. */
export async function findMoves(
  tryton: TrytonClient,
  { reference, journal }: { readonly reference: string; readonly journal: number },
  call: CallOptions,
): Promise<TrytonMove[]> {
  const found = await readMoves(tryton, [['journal', '=', journal], ['number', '=', reference]], call); // biome-ignore format: one thought
  return found.sort((a, b) => Number(a.number === null) - Number(b.number === null) || a.id - b.id);
}

/** The posted move under a reference of ours. Drafts that a broken attempt left beside it go: no period can be closed with them. */
export async function findPosted(
  tryton: TrytonClient,
  name: { readonly reference: string; readonly journal: number },
  call: CallOptions,
): Promise<TrytonMove | null> {
  const [first, ...others] = await findMoves(tryton, name, call);
  if (!first?.number) return null;
  const drafts = others.filter(({ number }) => number === null).map(({ id: draft }) => draft);
  if (drafts.length > 0) await tryton.remove(MODEL, drafts, call);
  return first;
}

/**
 * Posts a move once. Drafts of the same name that an earlier attempt left are taken away before, so that two who do it at the
 * same time cannot both get through: one of them finds its draft gone, and tries again.
 */
export async function postMove(
  tryton: TrytonClient,
  books: TrytonBooks,
  wish: NewMove,
  call: CallOptions,
): Promise<TrytonMove> {
  const { reference, journal } = wish;
  const known = await findPosted(tryton, wish, call);
  if (known) return known;
  const values = {
    number: reference,
    company: books.company,
    journal,
    period: wish.period,
    date: date(wish.date),
    description: wish.description,
    origin: wish.origin,
    lines: [['create', wish.lines.map(({ account, debit, credit }) => ({ account: account.id, debit: decimal(debit), credit: decimal(credit), ...(account.party_required ? { party: wish.party } : {}) }))]],
  }; // biome-ignore format: one thought
  const [made] = await tryton.create(MODEL, [values], call);
  const all = await findMoves(tryton, wish, call);
  const stays = all[0]?.number ? all[0] : all.find((one) => one.id === made);
  const others = all.filter((one) => one.id !== stays?.id && one.number === null).map((one) => one.id);
  if (others.length > 0) await tryton.remove(MODEL, others, call);
  if (!stays) throw unexpectedState(MODEL);
  if (stays.number === null) await tryton.press(MODEL, 'post', [stays.id], call);
  const [posted] = await findMoves(tryton, wish, call);
  if (!posted?.number) throw unexpectedState(MODEL, 'draft');
  return posted;
}

/** Settles lines of one account against each other; what they stand for is paid then. */
export async function reconcileLines(
  tryton: TrytonClient,
  books: TrytonBooks,
  lines: readonly number[],
  day: string,
  call: CallOptions,
): Promise<void> {
  const values = { company: books.company, date: date(day), lines: [['add', lines]] };
  await tryton.create('account.move.reconciliation', [values], call);
}

/** Moves with their lines, in the order of their ids. @param limit at most so many; default all */
export async function readMoves(
  tryton: TrytonClient,
  domain: readonly unknown[],
  call: CallOptions,
  limit = Number.POSITIVE_INFINITY,
): Promise<TrytonMove[]> {
  const found: TrytonMove[] = [];
  for (let last = 0; found.length < limit; last = found.at(-1)?.id ?? last) {
    const size = Math.min(PAGE, limit - found.length);
    const rows = await tryton.searchRead(MODEL, [...domain, ['id', '>', last]], move, MOVE_FIELDS, { ...call, limit: size }); // biome-ignore format: one thought
    const lines = await linesOf(tryton, rows.map((one) => one.id), call); // biome-ignore format: one thought
    found.push(...rows.map((row) => toMove(row, lines.get(row.id) ?? [])));
    if (rows.length < size) break;
  }
  return found;
}

/**
 * Posted moves that changed at a moment or later: our own, those of a party's invoices, and those that take others back.
 * @param since null: all of them
 */
export function readChangedMoves(
  tryton: TrytonClient,
  { journal, party }: { readonly journal: number; readonly party: number },
  since: Date | null,
  call: CallOptions,
): Promise<TrytonMove[]> {
  const changed = since === null ? [] : [['write_date', '>=', datetime(since)]];
  const ours = ['OR', ['journal', '=', journal], ['origin.party', '=', party, 'account.invoice'], ['origin.id', '>', 0, MODEL]]; // biome-ignore format: one thought
  return readMoves(tryton, [['state', '=', 'posted'], ...changed, ours], call);
}

/** What moves are of, by `account.move,7`. */
export async function originsOf(
  tryton: TrytonClient,
  names: readonly string[],
  call: CallOptions,
): Promise<ReadonlyMap<string, string | null>> {
  const ids = [...new Set(names)].flatMap((name) => (name.startsWith(`${MODEL},`) ? [Number(name.split(',')[1])] : []));
  if (ids.length === 0) return new Map();
  const rows = await tryton.searchRead(MODEL, [['id', 'in', ids]], origin, ['origin'], call);
  return new Map(rows.map((row) => [`${MODEL},${row.id}`, row.origin]));
}

/** Of something that is dated by day, the moment: that of its making on the same day, or the beginning of the day. */
export function momentOn(day: string | null, madeAt: Date): Date {
  return day === null || madeAt.toISOString().startsWith(day) ? madeAt : new Date(`${day}T00:00:00Z`);
}

async function linesOf(
  tryton: TrytonClient,
  moves: readonly number[],
  call: CallOptions,
): Promise<ReadonlyMap<number, TrytonMoveLine[]>> {
  const found = new Map<number, TrytonMoveLine[]>();
  if (moves.length === 0) return found;
  const fields = ['move', 'account', 'reconciliation', 'debit', 'credit', 'account.code', 'account.name'];
  for (const row of await tryton.searchRead('account.move.line', [['move', 'in', moves]], line, fields, call)) {
    const { code, name } = row['account.'];
    const told = { id: row.id, account: row.account, code: code ?? name, debit: row.debit, credit: row.credit, isReconciled: row.reconciliation !== null }; // biome-ignore format: one thought
    found.set(row.move, [...(found.get(row.move) ?? []), told]);
  }
  return found;
}

function toMove(row: z.output<typeof move>, lines: readonly TrytonMoveLine[]): TrytonMove {
  return {
    id: row.id,
    reference: row.number,
    number: row.state === 'posted' ? `${row['period.'].name}/${row.post_number ?? ''}` : null,
    description: row.description ?? '',
    origin: row.origin,
    date: row.date,
    postedAt: momentOn(row.post_date, row.create_date),
    changedAt: row.write_date ?? row.create_date,
    lines,
  };
}
