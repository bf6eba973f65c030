import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { query } from '../../../platform/db/query.ts';
import type { BookingSide } from '../model.ts';
import type { ChainedEntry } from './chain.ts';
import { type ErpTreatment, type LedgerLine, type NewLedgerEntry, reversed } from './model.ts';

interface EntryRow {
  sequence: string;
  id: string;
  cause: string;
  event: string;
  erp: ErpTreatment;
  ruleVersion: number;
  period: string;
  bookedAt: Date;
  description: string;
  channelCode: string | null;
  orderId: string | null;
  statementId: string | null;
  reversalOf: string | null;
  actor: string;
  recordedAt: Date;
  previousHash: Buffer;
  hash: Buffer;
}

const ENTRIES = `select sequence, id, cause, event, erp, rule_version as "ruleVersion", period, booked_at as "bookedAt", description,
  channel_code as "channelCode", order_id as "orderId", statement_id as "statementId", reversal_of as "reversalOf", actor,
  recorded_at as "recordedAt", previous_hash as "previousHash", hash from settlement.ledger_entry`;

/** Entries behind a place of the chain, in its order, with their lines. */
export async function readChain(
  db: Knex,
  after: bigint,
  limit: number,
): Promise<(ChainedEntry & { readonly hash: Buffer })[]> {
  const rows = await query<EntryRow>(db, `${ENTRIES} where sequence > ? order by sequence limit ?`, [
    after.toString(),
    limit,
  ]);
  return withLines(db, rows);
}

/** Entries by id; unknown ones are absent. */
export async function readEntries(db: Knex, ids: readonly string[]): Promise<ReadonlyMap<string, ChainedEntry>> {
  const rows = await query<EntryRow>(db, `${ENTRIES} where id = any(?::text[])`, [ids]);
  return new Map((await withLines(db, rows)).map((entry) => [entry.id, entry]));
}

async function withLines(db: Knex, rows: readonly EntryRow[]): Promise<(ChainedEntry & { readonly hash: Buffer })[]> {
  const lines = await query<{
    entryId: string;
    account: string;
    side: BookingSide;
    amountMinor: string;
    currencyCode: string;
  }>(
    db,
    `select entry_id as "entryId", account, side, amount_minor as "amountMinor", currency_code as "currencyCode"
     from settlement.ledger_line where entry_id = any(?::text[]) order by entry_id, position`,
    [rows.map((row) => row.id)],
  );
  const byEntry = groupBy(lines, (line) => line.entryId);
  return rows.map((row) => ({
    ...row,
    sequence: BigInt(row.sequence),
    lines: (byEntry.get(row.id) ?? []).map(
      ({ account, side, amountMinor, currencyCode }): LedgerLine => ({
        account,
        side,
        amountMinor: BigInt(amountMinor),
        currencyCode,
      }),
    ),
  }));
}

/** The entry that takes another one back. Posted twice it is one entry, like any other. */
export function reversalOf(entry: ChainedEntry, why: string, actor: string, at: Date): NewLedgerEntry {
  return {
    cause: `${entry.cause}:reversal`,
    event: entry.event,
    erp: entry.erp,
    // It may not count before what it takes back.
    bookedAt: at > entry.bookedAt ? at : entry.bookedAt,
    description: why,
    channelCode: entry.channelCode,
    orderId: entry.orderId,
    statementId: entry.statementId,
    reversalOf: entry.id,
    actor,
    lines: reversed(entry.lines),
  };
}
