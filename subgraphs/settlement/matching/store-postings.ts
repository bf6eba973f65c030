import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { query } from '../../../platform/db/query.ts';
import { derivedId } from '../../../platform/ids.ts';
import { bookingDay } from '../ledger/booking-day.ts';
import { condensed, type LedgerLine, type NewLedgerEntry } from '../ledger/model.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { readEntries, reversalOf } from '../ledger/read.ts';
import { groupKeyOf, type Movement, type PostingGroup } from './model.ts';

interface Posted {
  statementId: string;
  groupKey: string;
  hash: string;
  generation: number;
  entryId: string | null;
}

export interface Note extends Posted {
  readonly rawKey: string;
  readonly decisionId: string | null;
}

export interface Replacement {
  readonly entries: NewLedgerEntry[];
  readonly notes: Note[];
}

/**
 * What has to be posted so that the ledger shows the lines of some order ids as they are seen now: what is seen
 * differently is reversed and posted anew, what is not stays as it is. The caller appends the entries, then has them
 * noted, in the same transaction.
 */
export async function replacePostings(
  trx: Knex.Transaction,
  rules: PostingRules,
  channelCode: string,
  rawKeys: readonly string[],
  groups: readonly PostingGroup[],
): Promise<Replacement> {
  const known = await query<Posted>(
    trx,
    `select statement_id as "statementId", group_key as "groupKey", encode(content_hash, 'hex') as hash, generation, entry_id as "entryId"
     from settlement.posted_group where channel_code = ? and raw_key = any(?::text[])`,
    [channelCode, rawKeys],
  );
  const keyOf = (one: { statementId: string; groupKey: string }) => `${one.statementId} ${one.groupKey}`;
  const before = new Map(known.map((one) => [keyOf(one), one]));
  const wanted = together(groups).map((group) => {
    const lines = condensed(group.movements.flatMap((movement) => linesOf(rules, movement)));
    return { ...group, lines, hash: contentHash(lines) };
  });
  const changed = wanted.filter((one) => before.get(keyOf(one))?.hash !== one.hash);
  const wantedKeys = new Set(wanted.map(keyOf));
  const empty = contentHash([]);
  const dropped = known
    .filter((one) => !wantedKeys.has(keyOf(one)) && one.hash !== empty)
    .map((one) => ({ ...one, rawKey: '', orderId: null, decisionId: null, lines: [] as LedgerLine[], hash: empty }));
  const replaced = [...changed, ...dropped];
  if (replaced.length === 0) return { entries: [], notes: [] };

  const oldIds = replaced.flatMap((one) => before.get(keyOf(one))?.entryId ?? []);
  const old = await readEntries(trx, oldIds);
  const dates = await bookingDates(trx, [...new Set(replaced.map((one) => one.statementId))]);
  const decisions = await decisionsBehind(
    trx,
    replaced.flatMap((one) => one.decisionId ?? []),
  );
  const entries: NewLedgerEntry[] = [];
  const notes: Note[] = [];
  for (const one of replaced) {
    const previous = before.get(keyOf(one));
    const previousEntry = previous?.entryId ? old.get(previous.entryId) : undefined;
    if (previousEntry)
      entries.push(reversalOf(previousEntry, `Seen differently: ${previousEntry.description}`, 'system', previousEntry.bookedAt)); // biome-ignore format: one thought
    const generation = (previous?.generation ?? 0) + 1;
    const cause = `settled:${one.statementId}:${one.groupKey}:${generation}`;
    const date = one.decisionId === null ? dates.get(one.statementId) : decisions.get(one.decisionId);
    if (!date) throw new Error('a statement or a decision vanished');
    if (one.lines.length > 0)
      entries.push({
        cause,
        event: 'SETTLEMENT',
        erp: rules.erpOf('SETTLEMENT'),
        ...date,
        channelCode,
        orderId: one.orderId,
        statementId: one.statementId,
        reversalOf: null,
        lines: one.lines,
      });
    const entryId = one.lines.length > 0 ? derivedId('ledgerEntry', cause) : null;
    notes.push({ statementId: one.statementId, groupKey: one.groupKey, rawKey: one.rawKey, decisionId: one.decisionId, hash: one.hash, generation, entryId }); // biome-ignore format: one thought
  }
  return { entries, notes };
}

/** Lines of one group that were given away and those that stayed are judged apart, and posted together as they were told. */
function together(groups: readonly PostingGroup[]): PostingGroup[] {
  return [...groupBy(groups, (group) => `${group.statementId} ${group.groupKey}`).values()].flatMap(
    ([first, ...more]) =>
      first ? [{ ...first, movements: [first, ...more].flatMap((group) => group.movements) }] : [],
  );
}

/** Notes what was posted, after the entries were appended. */
export async function notePostings(trx: Knex.Transaction, channelCode: string, notes: readonly Note[]): Promise<void> {
  if (notes.length === 0) return;
  await query(
    trx,
    `insert into settlement.posted_group as known (statement_id, group_key, channel_code, raw_key, content_hash, generation, entry_id)
     select statement_id, group_key, ?, raw_key, decode(hash, 'hex'), generation, entry_id
     from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::int[], ?::text[]) as n(statement_id, group_key, raw_key, hash, generation, entry_id)
     on conflict (statement_id, group_key) do update
       set content_hash = excluded.content_hash, generation = excluded.generation, entry_id = excluded.entry_id`,
    [
      channelCode,
      notes.map((note) => note.statementId),
      notes.map((note) => note.groupKey),
      notes.map((note) => note.rawKey),
      notes.map((note) => note.hash),
      notes.map((note) => note.generation),
      notes.map((note) => note.entryId),
    ],
  );
  const decided = notes.filter((note) => note.decisionId !== null);
  if (decided.length === 0) return;
  await query(
    trx,
    `update settlement.decision d set entry_id = (${STANDING}) where d.id = any(?::text[]) and d.state = 'TAKEN'`,
    [decided.map((note) => note.decisionId)],
  );
}

/** What stands posted of a decision `d` that gave lines to an order: one entry per statement; the first of them. */
const STANDING = `select min(g.entry_id) from settlement.posted_group g where g.group_key = 'decision ' || d.id
  and g.statement_id in (select m.statement_id from settlement.manual_match m where m.decision_id = d.id)`;

/**
 * Has what stands posted of a match by hand count as taken back, so that comparing its lines again does not reverse it as well.
 * The caller reverses it. @returns ids of the entries
 */
export async function releasePostings(trx: Knex.Transaction, decisionId: string): Promise<string[]> {
  const rows = await query<{ entryId: string }>(
    trx,
    `update settlement.posted_group g set content_hash = decode(?, 'hex'), entry_id = null from settlement.posted_group o
     where g.group_key = ? and g.statement_id in (select statement_id from settlement.manual_match where decision_id = ?)
       and g.entry_id is not null and (o.statement_id, o.group_key) = (g.statement_id, g.group_key)
     returning o.entry_id as "entryId"`,
    [contentHash([]), groupKeyOf(decisionId), decisionId],
  );
  return rows.map((row) => row.entryId);
}

function linesOf(rules: PostingRules, movement: Movement): readonly LedgerLine[] {
  const { amountMinor, currencyCode } = movement;
  switch (movement.event) {
    case 'SETTLEMENT':
      return movement.class === 'PAYOUT' ? [] : rules.lines('SETTLEMENT', movement.class, amountMinor, currencyCode);
    case 'CONVERSION':
      return rules.lines('CONVERSION', movement.class, amountMinor, currencyCode);
    case 'TOLERANCE':
      return rules.lines('TOLERANCE', 'AMOUNT', amountMinor, currencyCode, rules.account('channel-receivable'));
  }
}

function contentHash(lines: readonly LedgerLine[]): string {
  const text = lines.map((line) => `${line.account} ${line.side} ${line.amountMinor} ${line.currencyCode}`).join('\n');
  return createHash('sha256').update(text).digest('hex');
}

type Occasion = Pick<NewLedgerEntry, 'bookedAt' | 'description' | 'actor'>;

/** Lines of a statement count on the last day of its period. */
async function bookingDates(trx: Knex, statementIds: readonly string[]): Promise<Map<string, Occasion>> {
  const rows = await query<{ id: string; externalId: string; bookedAt: Date }>(
    trx,
    `select id, external_id as "externalId", greatest(period_start, period_end - interval '1 millisecond') as "bookedAt"
     from settlement.statement where id = any(?::text[])`,
    [statementIds],
  );
  return new Map(rows.map(({ id, externalId, bookedAt }) => [id, { bookedAt, description: `Settlement ${externalId}`, actor: 'system' }])); // biome-ignore format: one thought
}

/** What a person decided counts on the day he did, or in the month of what it is about while that is open. */
async function decisionsBehind(trx: Knex.Transaction, decisionIds: readonly string[]): Promise<Map<string, Occasion>> {
  if (decisionIds.length === 0) return new Map();
  const rows = await query<{ id: string; madeAt: Date; occasion: Date | null; actor: string; what: string }>(
    trx,
    `select c.id, c.made_at as "madeAt", greatest(s.period_start, s.period_end - interval '1 millisecond') as occasion, c.actor, d.reason || ' ' || d.id as what
     from settlement.decision c join settlement.difference d on d.id = c.exception_id left join settlement.statement s on s.id = d.statement_id
     where c.id = any(?::text[])`,
    [decisionIds],
  );
  const occasions = new Map<string, Occasion>();
  for (const { id, madeAt, occasion, actor, what } of rows)
    occasions.set(id, { bookedAt: await bookingDay(trx, occasion, madeAt), description: `Matched by hand: ${what}`, actor }); // biome-ignore format: one thought
  return occasions;
}
