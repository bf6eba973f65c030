import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { appendEntries } from '../ledger/append.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { readEntries, reversalOf } from '../ledger/read.ts';
import { advanceStatements } from '../statements/advance.ts';
import { dayOf, judgeArrival } from './arrival.ts';
import { bookSent, entryIdOfArrival, lockPayout, postReceived } from './change.ts';

/** Money at the bank, or taken back there. */
export interface Credit {
  readonly id: string;
  /** Minor units; negative for what the bank took back. */
  readonly amountMinor: bigint;
  readonly currencyCode: string;
  /** What of a payout in another currency it is, as a person said: minor units of that one, with the sign of `amountMinor`. Else none. */
  readonly payoutMinor?: bigint | null;
  /** YYYY-MM-DD */
  readonly bookedOn: string;
}

/**
 * Takes a credit for a payout, or a part of it, and posts it. What takes a converted credit back is as much of the payout as that
 * was. The caller holds the lock of arrivals.
 *
 * @param how by what it was found; kept with the payout's moves
 * @returns what arrived of the payout in all less what was to arrive; minor units
 */
export async function receive(
  trx: Knex.Transaction,
  rules: PostingRules,
  payoutId: string,
  credit: Credit,
  actor: string,
  how: string,
): Promise<bigint> {
  const payout = await lockPayout(trx, payoutId);
  if (!payout) return 0n;
  const bookedAt = dayOf(credit.bookedOn);
  const [row] = await query<{ matchings: number; countedMinor: string; isConverted: boolean }>(
    trx,
    `update settlement.bank_receipt r set payout_id = ?, matchings = matchings + 1,
       payout_minor = coalesce(?::bigint, (select -c.payout_minor from settlement.bank_receipt c where c.id = r.takes_back))
     where id = ? returning matchings, counted_minor as "countedMinor", payout_minor is not null as "isConverted"`,
    [payout.id, credit.payoutMinor?.toString() ?? null, credit.id],
  );
  if (!row) throw new Error(`there is no receipt ${credit.id}`);
  if (row.isConverted !== (credit.currencyCode !== payout.currencyCode)) throw new Error(`nobody said what receipt ${credit.id} is of payout ${payout.id}`); // biome-ignore format: one thought
  await bookSent(trx, rules, payout, payout.amountMinor, { bookedAt, actor });
  const arrival = { receiptId: credit.id, matchings: row.matchings, amountMinor: credit.amountMinor, currencyCode: credit.currencyCode, countedMinor: BigInt(row.countedMinor), bookedAt }; // biome-ignore format: one thought
  await postReceived(trx, rules, payout, arrival, actor);
  const differenceMinor = await judgeArrival(trx, rules, payout.id, actor, `bank receipt ${credit.id}, by ${how}`);
  // Only a statement in the books can be reconciled; one that is posted later finds its payout paid.
  if (payout.statementId) await advanceStatements(trx, [payout.statementId]);
  return differenceMinor;
}

/**
 * Takes a credit from its payout: its posting is reversed, and the payout judged by what is left. The caller holds the lock of
 * arrivals. @returns id of the entry that takes it back; null when nothing was posted
 */
export async function release(
  trx: Knex.Transaction,
  rules: PostingRules,
  receiptId: string,
  actor: string,
): Promise<string | null> {
  const [receipt] = await query<{ payoutId: string; matchings: number }>(
    trx,
    'select payout_id as "payoutId", matchings from settlement.bank_receipt where id = ? and payout_id is not null for update',
    [receiptId],
  );
  if (!receipt) return null;
  const [takenBack] = await query<{ id: string }>(trx, 'select id from settlement.bank_receipt where takes_back = ? and payout_id is not null', [receiptId]); // biome-ignore format: one thought
  if (takenBack) await release(trx, rules, takenBack.id, actor);
  await lockPayout(trx, receipt.payoutId);
  await change(trx, 'update settlement.bank_receipt set payout_id = null, payout_minor = null where id = ?', [
    receiptId,
  ]);
  await judgeArrival(trx, rules, receipt.payoutId, actor, `bank receipt ${receiptId} is of something else`);
  const entries = [...(await readEntries(trx, [entryIdOfArrival(receipt.payoutId, receiptId, receipt.matchings)])).values()]; // biome-ignore format: one thought
  const reversals = entries.map((entry) =>
    reversalOf(entry, `Taken back: ${entry.description}`, actor, entry.bookedAt),
  );
  const ids = await appendEntries(trx, rules, reversals);
  return ids.get(reversals[0]?.cause ?? '') ?? null;
}
