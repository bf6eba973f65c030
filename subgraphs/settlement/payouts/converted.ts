import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { parseMoney } from '../../../platform/money.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { announces } from './arrival.ts';
import type { StoredPayout } from './change.ts';
import { judgePayout } from './expected.ts';
import { readTakenOff } from './take-off.ts';

/** What of a payout some money is: minor units of the payout's currency, null where it is in that currency itself. Or why nobody can say. */
export type CountedAs =
  | { readonly payoutMinor: bigint | null }
  | { readonly code: 'CURRENCY_DIFFERS' | 'AMOUNT_INVALID'; readonly message: string };

/**
 * How much of a payout money is that the bank converted: what a person says, else all that the payout lacks. Of a rate nothing is
 * known here, and none is guessed.
 *
 * @param said a decimal in the payout's currency; null when the person names none
 * @throws CommerceError BAD_USER_INPUT when it is none
 */
export async function countedAs(
  trx: Knex.Transaction,
  rules: PostingRules,
  payout: StoredPayout,
  money: { readonly amountMinor: bigint; readonly currencyCode: string },
  said: string | null,
): Promise<CountedAs> {
  const { currencyCode } = payout;
  if (currencyCode === money.currencyCode)
    return said === null ? { payoutMinor: null } : invalid(`The payout is in ${currencyCode} as the money is: all of it counts. Leave the amount out.`); // biome-ignore format: one thought
  if (!rules.has('PAYOUT', 'CREDITED') || !rules.has('PAYOUT', 'CONVERTED'))
    return { code: 'CURRENCY_DIFFERS', message: `The payout is in ${currencyCode}, the money in ${money.currencyCode}, and config/posting-rules.yaml has no rules PAYOUT CREDITED and PAYOUT CONVERTED to post that by.` }; // biome-ignore format: one thought
  const isDebit = money.amountMinor < 0n;
  if (said === null && isDebit)
    return invalid(`The payout is in ${currencyCode}: say how much of it was taken back in that.`);
  const minor = said === null ? await lacking(trx, payout) : parseMoney(said, currencyCode).amountMinor;
  if (minor > 0n) return { payoutMinor: isDebit ? -minor : minor };
  return invalid(said === null ? `The payout lacks nothing: say how much the money is in ${currencyCode}.` : `The amount is what of the payout arrived or was taken back, in ${currencyCode}: more than zero.`); // biome-ignore format: one thought
}

function invalid(message: string): CountedAs {
  return { code: 'AMOUNT_INVALID', message };
}

/** What was to arrive of a payout, less what did; minor units. */
async function lacking(trx: Knex.Transaction, payout: StoredPayout): Promise<bigint> {
  const [row] = await query<{ minor: string | null }>(trx, 'select nullif(sum(counted_minor), 0)::text as minor from settlement.bank_receipt where payout_id = ?', [payout.id]); // biome-ignore format: one thought
  const receivedMinor = row?.minor == null ? null : BigInt(row.minor);
  const facts = { statementMinor: payout.amountMinor, announcedMinor: announces(payout, true) ? payout.announcedMinor : null, receivedMinor }; // biome-ignore format: one thought
  const takenMinor = (await readTakenOff(trx, payout.id)).reduce((sum, { minor }) => sum + minor, 0n);
  return judgePayout(facts, takenMinor).expectedMinor - (receivedMinor ?? 0n);
}
