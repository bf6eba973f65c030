import { formatAmount } from '../../../platform/money.ts';
import type { FoundDifference } from '../matching/model.ts';
import type { StoredPayout } from './change.ts';
import type { PayoutFacts, PayoutVerdict } from './expected.ts';

/** What arrived of a payout in all, in how many credits, and when the last of them. */
export interface Arrived {
  /** Minor units, less what the bank took back. */
  readonly minor: string;
  /** Minor units of the credits alone. */
  readonly creditedMinor: string | null;
  readonly credits: number;
  /** YYYY-MM-DD */
  readonly bookedOn: string;
  /** YYYY-MM-DD; null while the bank took nothing back. */
  readonly takenBackOn: string | null;
  /** What the bank converted, as it shows it: minor units of its currency. */
  readonly converted: readonly { readonly minor: string; readonly currencyCode: string }[];
}

/** What a payout lacks beyond what was taken off it: each amount a difference of its own, in words that name the others. */
export function differencesOf(
  payout: StoredPayout,
  facts: PayoutFacts,
  takenMinor: bigint,
  verdict: PayoutVerdict,
  arrived: Arrived | undefined,
): FoundDifference[] {
  const { currencyCode, statementId, id } = payout;
  const { expectedMinor, arrivedOffMinor, announcedOffMinor } = verdict;
  const say = (minor: bigint) => `${formatAmount({ amountMinor: minor, currencyCode })} ${currencyCode}`;
  const difference = (
    scope: 'arrival' | 'unsent' | 'announcement',
    expected: bigint,
    actual: bigint,
    explanation: string,
  ): FoundDifference => ({
    scope,
    rawKey: `payout:${id}`,
    reason: 'AMOUNT_DIFFERENCE',
    account: scope === 'unsent' ? 'channel-balance' : 'payout-in-transit',
    expectedMinor: expected,
    actualMinor: actual,
    differenceMinor: actual - expected,
    currencyCode,
    orderId: null,
    channelOrderId: null,
    sku: null,
    statementId,
    explanation,
  });
  const words = [saidBefore(facts, statementId !== null, takenMinor, say)];
  if (arrived) words.push(...saidOfMoney(arrived, say));
  else if (facts.receivedMinor !== null) words.push(`nothing arrived at the bank by ${payout.missingSince}`);
  const said = words.join('; ');
  const rest =
    arrived && isAssumed(facts, takenMinor) && arrivedOffMinor < 0n
      ? `: ${say(-arrivedOffMinor)} is missing beside that`
      : '';
  const found: FoundDifference[] = [];
  // What was not sent is still on the channel's balance.
  const scope = arrived || payout.sentMinor !== 0n ? 'arrival' : 'unsent';
  if (arrivedOffMinor !== 0n)
    found.push(difference(scope, expectedMinor, facts.receivedMinor ?? 0n, `${said}${rest}.`));
  if (announcedOffMinor !== 0n)
    found.push(difference('announcement', expectedMinor - announcedOffMinor, expectedMinor, `${said}: nothing explains that it announced another amount.`)); // biome-ignore format: a table
  return found;
}

/** Nothing says to the cent that something was taken off: that explains a part of what is missing. */
function isAssumed({ statementMinor, announcedMinor, receivedMinor }: PayoutFacts, takenMinor: bigint): boolean {
  const dueMinor = statementMinor + takenMinor;
  return takenMinor !== 0n && announcedMinor !== dueMinor && receivedMinor !== dueMinor;
}

function saidBefore(
  facts: PayoutFacts,
  hasStatement: boolean,
  takenMinor: bigint,
  say: (minor: bigint) => string,
): string {
  const { statementMinor, announcedMinor } = facts;
  const as = isAssumed(facts, takenMinor) ? 'counts as' : 'was';
  const taken = takenMinor === 0n ? [] : [`${say(takenMinor)} ${as} carried forward from earlier settlements`];
  if (!hasStatement) return [`The channel announced a payout of ${say(statementMinor)}`, ...taken].join('; ');
  if (taken.length === 0 && announcedMinor === statementMinor) return `The channel announced a payout of ${say(statementMinor)}`; // biome-ignore format: one thought
  const announced = announcedMinor === null ? [] : [`the channel announced a payout of ${say(announcedMinor)}`];
  return [`The statement pays ${say(statementMinor)}`, ...taken, ...announced].join('; ');
}

function saidOfMoney(
  { minor, creditedMinor, credits, bookedOn, takenBackOn, converted }: Arrived,
  say: (minor: bigint) => string,
): string[] {
  const credited = BigInt(creditedMinor ?? 0);
  const shown = converted.map((one) => `${formatAmount({ amountMinor: BigInt(one.minor), currencyCode: one.currencyCode })} ${one.currencyCode}`); // biome-ignore format: one thought
  const how = shown.length === 0 ? '' : ` (${shown.join(' and ')} as the bank converted it)`;
  const arrived = `${say(credited)}${how} arrived at the bank ${credits === 1 ? 'on' : `in ${credits} credits, the last on`} ${bookedOn}`;
  return takenBackOn === null
    ? [arrived]
    : [arrived, `the bank took ${say(credited - BigInt(minor))} back, the last on ${takenBackOn}`];
}
