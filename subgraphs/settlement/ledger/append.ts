import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { derivedId } from '../../../platform/ids.ts';
import { type ChainedEntry, hashOf } from './chain.ts';
import { imbalance, monthOf, type NewLedgerEntry, openMonthFrom } from './model.ts';
import type { PostingRules } from './posting-rules.ts';

/**
 * Posts entries, each once per cause, in the given order. The only writer of the ledger: whoever appends holds the
 * head's row lock until the transaction ends, so keep it short and append last.
 *
 * @returns ids by cause, also of entries that were posted before
 * @throws CommerceError INTERNAL_SERVER_ERROR for an entry that does not balance; CONFIGURATION_INVALID when the rules
 *   differ from those that were used under the same version
 */
export async function appendEntries(
  trx: Knex.Transaction,
  rules: PostingRules,
  entries: readonly NewLedgerEntry[],
): Promise<ReadonlyMap<string, string>> {
  for (const entry of entries) checkEntry(entry);
  const ids = new Map(entries.map((entry) => [entry.cause, derivedId('ledgerEntry', entry.cause)]));
  if (entries.length === 0) return ids;
  const [head] = await query<{ sequence: string; hash: Buffer; now: Date }>(
    trx,
    `select sequence, hash, date_trunc('milliseconds', clock_timestamp()) as now from settlement.ledger_head for update`,
  );
  if (!head) throw new Error('the ledger has no head');
  const known = await query<{ cause: string }>(
    trx,
    'select cause from settlement.ledger_entry where cause = any(?::text[])',
    [[...ids.keys()]],
  );
  const posted = new Set(known.map((row) => row.cause));
  const closed = await closedMonths(trx);
  await keepRules(trx, rules);

  let sequence = BigInt(head.sequence);
  let previousHash = head.hash;
  const chained: (ChainedEntry & { hash: Buffer })[] = [];
  for (const entry of entries) {
    if (posted.has(entry.cause)) continue;
    posted.add(entry.cause);
    sequence += 1n;
    const link: ChainedEntry = {
      ...entry,
      sequence,
      id: derivedId('ledgerEntry', entry.cause),
      ruleVersion: rules.version,
      period: openMonthFrom(monthOf(entry.bookedAt), closed),
      recordedAt: head.now,
      previousHash,
    };
    previousHash = hashOf(link);
    chained.push({ ...link, hash: previousHash });
  }
  if (chained.length > 0) await write(trx, chained, sequence, previousHash);
  return ids;
}

function checkEntry({ cause, lines }: NewLedgerEntry): void {
  const sums = imbalance(lines);
  const balanced = lines.length >= 2 && [...sums.values()].every((sum) => sum === 0n);
  if (!balanced || lines.some((line) => line.amountMinor <= 0n))
    throw new CommerceError('INTERNAL_SERVER_ERROR', 'an entry of the ledger does not balance', { cause });
}

async function closedMonths(trx: Knex.Transaction): Promise<ReadonlySet<string>> {
  const rows = await query<{ code: string }>(trx, 'select code from settlement.accounting_period');
  return new Set(rows.map((row) => row.code));
}

/** Keeps the rules of this version as they are; other rules under a known version are refused. */
async function keepRules(trx: Knex.Transaction, rules: PostingRules): Promise<void> {
  const hash = rules.sha256.toString('hex');
  await query(
    trx,
    `insert into settlement.posting_rules (version, sha256, content) values (?, decode(?, 'hex'), ?) on conflict do nothing`,
    [rules.version, hash, rules.content],
  );
  const [kept] = await query<{ same: boolean }>(
    trx,
    `select sha256 = decode(?, 'hex') as same from settlement.posting_rules where version = ?`,
    [hash, rules.version],
  );
  if (!kept?.same)
    throw new CommerceError(
      'CONFIGURATION_INVALID',
      `config/posting-rules.yaml differs from the version ${rules.version} that postings were made by; raise its version.`,
    );
}

async function write(
  trx: Knex.Transaction,
  entries: readonly (ChainedEntry & { hash: Buffer })[],
  sequence: bigint,
  hash: Buffer,
): Promise<void> {
  await query(
    trx,
    `insert into settlement.ledger_entry (sequence, id, cause, event, erp, rule_version, period, booked_at, description, channel_code, order_id,
       statement_id, reversal_of, actor, recorded_at, previous_hash, hash)
     select sequence, id, cause, event, erp, rule_version, period, booked_at, description, channel_code, order_id, statement_id, reversal_of, actor,
       recorded_at, decode(previous_hash, 'hex'), decode(hash, 'hex')
     from unnest(?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::int[], ?::text[], ?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::text[],
       ?::text[], ?::text[], ?::timestamptz[], ?::text[], ?::text[])
       as e(sequence, id, cause, event, erp, rule_version, period, booked_at, description, channel_code, order_id, statement_id, reversal_of, actor,
         recorded_at, previous_hash, hash)
     order by sequence`,
    [
      entries.map((entry) => entry.sequence.toString()),
      entries.map((entry) => entry.id),
      entries.map((entry) => entry.cause),
      entries.map((entry) => entry.event),
      entries.map((entry) => entry.erp),
      entries.map((entry) => entry.ruleVersion),
      entries.map((entry) => entry.period),
      entries.map((entry) => entry.bookedAt),
      entries.map((entry) => entry.description),
      entries.map((entry) => entry.channelCode),
      entries.map((entry) => entry.orderId),
      entries.map((entry) => entry.statementId),
      entries.map((entry) => entry.reversalOf),
      entries.map((entry) => entry.actor),
      entries.map((entry) => entry.recordedAt),
      entries.map((entry) => entry.previousHash.toString('hex')),
      entries.map((entry) => entry.hash.toString('hex')),
    ],
  );
  const lines = entries.flatMap((entry) =>
    entry.lines.map((line, index) => ({ ...line, entryId: entry.id, position: index + 1 })),
  );
  await query(
    trx,
    `insert into settlement.ledger_line (entry_id, position, account, side, amount_minor, currency_code)
     select * from unnest(?::text[], ?::int[], ?::text[], ?::text[], ?::bigint[], ?::text[])`,
    [
      lines.map((line) => line.entryId),
      lines.map((line) => line.position),
      lines.map((line) => line.account),
      lines.map((line) => line.side),
      lines.map((line) => line.amountMinor.toString()),
      lines.map((line) => line.currencyCode),
    ],
  );
  await query(trx, `update settlement.ledger_head set sequence = ?, hash = decode(?, 'hex')`, [
    sequence.toString(),
    hash.toString('hex'),
  ]);
}
