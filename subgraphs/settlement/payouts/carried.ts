import type { PayoutFacts } from './expected.ts';

/** A settlement that owes the channel money, which it takes off a later payout. */
export interface Carried {
  readonly id: string;
  /** Minor units; negative. */
  readonly minor: bigint;
  /** End of its period, in milliseconds; null when nobody told one. */
  readonly at: number | null;
  /** The payout that it counts as taken off now. */
  readonly takenBy: string | null;
}

/** A payout that something may have been taken off. */
export interface Claimant {
  readonly id: string;
  readonly facts: PayoutFacts;
  /** End of its period, in milliseconds; null when nobody told one. */
  readonly at: number | null;
  /** Somebody decided about what it lacks: that was split by what was known then, and stays so. */
  readonly isDecided: boolean;
}

/**
 * Which payout each carried settlement was taken off. A payout takes what puts it right to the cent before any takes what only
 * explains a part of what it lacks; in the order of their periods. So each is taken off once, and by the same payout whatever is
 * told first.
 *
 * @param claimants all payouts of the channel and currency that money or an announcement is known of
 * @param carried what is owed in that currency
 * @returns id of the payout by id of the carried settlement; absent where it is still owed
 */
export function shareOut(claimants: readonly Claimant[], carried: readonly Carried[]): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  const take = (claimant: Claimant, parts: readonly Carried[]) => {
    for (const { id } of parts) taken.set(id, claimant.id);
  };
  const owedTo = ({ at }: Claimant) =>
    oldestFirst(carried.filter((one) => !taken.has(one.id) && (one.at === null || at === null || one.at <= at)));
  const unclear: Claimant[] = [];
  for (const claimant of oldestFirst(claimants)) {
    const exact = exactlyTaken(claimant.facts, owedTo(claimant));
    if (exact) take(claimant, exact);
    else unclear.push(claimant);
  }
  for (const claimant of unclear) {
    const owed = owedTo(claimant);
    take(claimant, claimant.isDecided ? owed.filter(({ takenBy }) => takenBy === claimant.id) : partlyTaken(claimant.facts, owed)); // biome-ignore format: one thought
  }
  return taken;
}

/** Consecutive settlements that make the money, or else the announcement, right to the cent; none where it is right already. */
function exactlyTaken({ statementMinor, receivedMinor, announcedMinor }: PayoutFacts, owed: readonly Carried[]) {
  for (const told of [receivedMinor, announcedMinor]) {
    if (told === null) continue;
    if (told === statementMinor) return [];
    const found = runsOf(owed).find((run) => statementMinor + sumOf(run) === told);
    if (found) return found;
  }
  return receivedMinor === null && announcedMinor === null ? [] : null;
}

/** As many, from the oldest on, as what is missing is enough for: the channel may take them off, and something else is missing too. */
function partlyTaken({ statementMinor, receivedMinor, announcedMinor }: PayoutFacts, owed: readonly Carried[]) {
  const told = announcedMinor ?? receivedMinor ?? statementMinor;
  const parts: Carried[] = [];
  for (const one of owed) if (told <= statementMinor + sumOf(parts) + one.minor) parts.push(one);
  return parts;
}

/** Every run of consecutive ones, the oldest and shortest first. */
export function runsOf<One>(owed: readonly One[]): One[][] {
  return owed.flatMap((_, from) => owed.slice(from).map((_one, index) => owed.slice(from, from + index + 1)));
}

function sumOf(parts: readonly Carried[]): bigint {
  return parts.reduce((sum, { minor }) => sum + minor, 0n);
}

function oldestFirst<One extends { readonly id: string; readonly at: number | null }>(all: readonly One[]): One[] {
  const end = (one: One) => one.at ?? Number.POSITIVE_INFINITY;
  return [...all].sort((a, b) => (end(a) === end(b) ? (a.id < b.id ? -1 : 1) : end(a) - end(b)));
}
