import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { GENESIS, hashOf } from './chain.ts';
import { imbalance } from './model.ts';
import { readChain } from './read.ts';
import { recordFaults } from './record-faults.ts';

export interface LedgerReport {
  readonly entries: number;
  /** Newest entry: `<sequence>:<hash>`. Noted elsewhere, it proves later that nothing before it was changed. */
  readonly head: string;
  /** What does not hold, in words; empty when the books are sound. */
  readonly faults: readonly string[];
}

const PAGE = 500;
/** More would not tell more: the first break makes all later hashes differ. */
const MAX_FAULTS = 20;

/**
 * Goes through the whole ledger: hashes, the chain without a gap, debits equal credits, balances equal the sums of
 * their lines, vouchers are the sums of their entries, the heads that were noted when months were closed, and the records that
 * postings were made of (see `recordFaults`). Bounded memory; one snapshot.
 *
 * @param expectedHead a head that was noted before, as {@link LedgerReport.head} gives it
 */
export function verifyLedger(knex: Knex, expectedHead: string | null = null): Promise<LedgerReport> {
  return knex.transaction(
    async (trx) => {
      const faults: string[] = [];
      const noted = await notedHeads(trx, expectedHead, faults);
      const [head] = await query<{ sequence: string; hash: Buffer }>(trx, 'select sequence, hash from settlement.ledger_head'); // biome-ignore format: one thought
      let sequence = 0n;
      let hash: Buffer = GENESIS;
      for (;;) {
        const page = await readChain(trx, sequence, PAGE);
        for (const entry of page) {
          if (entry.sequence !== sequence + 1n) faults.push(`entry ${sequence + 1n} is missing`);
          if (!entry.previousHash.equals(hash))
            faults.push(`entry ${entry.sequence} does not follow the one before it`);
          if (!hashOf(entry).equals(entry.hash)) faults.push(`entry ${entry.sequence} was changed after it was posted`);
          if (entry.lines.length === 0 || [...imbalance(entry.lines).values()].some((sum) => sum !== 0n))
            faults.push(`entry ${entry.sequence} does not balance`);
          sequence = entry.sequence;
          hash = entry.hash;
          const note = noted.get(sequence);
          if (note !== undefined && note !== hash.toString('hex'))
            faults.push(`entry ${sequence} has not the hash that was noted`);
          noted.delete(sequence);
        }
        if (page.length < PAGE || faults.length >= MAX_FAULTS) break;
      }
      if (faults.length < MAX_FAULTS) {
        for (const lost of noted.keys()) if (lost > 0n) faults.push(`entry ${lost}, which was noted, is missing`);
        if (head?.sequence !== sequence.toString() || !head.hash.equals(hash))
          faults.push('the newest entry is not the noted head: the end of the chain was cut or added to');
      }
      faults.push(...(await balanceFaults(trx)), ...(await voucherFaults(trx)), ...(await recordFaults(trx)));
      return {
        entries: Number(sequence),
        head: `${sequence}:${hash.toString('hex')}`,
        faults: faults.slice(0, MAX_FAULTS),
      };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

async function notedHeads(trx: Knex, expected: string | null, faults: string[]): Promise<Map<bigint, string>> {
  const rows = await query<{ sequence: string; hash: Buffer }>(
    trx,
    'select head_sequence as sequence, head_hash as hash from settlement.accounting_period',
  );
  const noted = new Map(rows.map((row) => [BigInt(row.sequence), row.hash.toString('hex')]));
  if (expected === null) return noted;
  const match = /^(\d{1,18}):([0-9a-f]{64})$/.exec(expected);
  if (!match) faults.push('the expected head is not of the form <sequence>:<64 hex digits>');
  else noted.set(BigInt(match[1] ?? 0), match[2] ?? '');
  return noted;
}

async function balanceFaults(trx: Knex): Promise<string[]> {
  const rows = await query<{ account: string; channel: string; period: string; currency: string; kept: string; summed: string }>(
    trx,
    `select account, channel_code as channel, period, currency_code as currency, kept_minor as kept, summed_minor as summed
     from settlement.balance_faults() limit 20`,
  ); // biome-ignore format: a table
  return rows.map(
    (row) =>
      `balance of account ${row.account} ${row.channel} ${row.period} ${row.currency} is ${row.kept}, its lines add up to ${row.summed}`,
  );
}

async function voucherFaults(trx: Knex.Transaction): Promise<string[]> {
  const rows = await query<{ id: string; fault: string }>(
    trx,
    'select voucher_id as id, fault from settlement.voucher_faults(null) limit 20',
  );
  return rows.map(({ id, fault }) => `voucher ${id}: ${fault}`);
}
