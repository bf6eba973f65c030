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
 * Where a payout's part of what is owed is looked for, the surest first: its money before what was only announced of it, one
 * settlement before several. One that is right as it stands took nothing.
 */
const SEARCHES: readonly {
  readonly told: 'receivedMinor' | 'announcedMinor';
  options(owed: readonly Carried[]): readonly (readonly Carried[])[];
}[] = (['receivedMinor', 'announcedMinor'] as const).flatMap((told) => [
  { told, options: () => [[]] },
  { told, options: (owed) => owed.map((one) => [one]) },
  { told, options: runsOf },
]);

/**
 * Which payout each carried settlement was taken off. A payout takes what puts it right to the cent before any takes what only
 * explains a part of what it lacks, and each search goes over all payouts, in the order of their periods, before the next: so
 * several settlements go together only when none of them is just what another payout lacks. Each is taken off once, and by the same
 * payout whatever is told first.
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
  const unclear = new Set(oldestFirst(claimants));
  for (const { told, options } of SEARCHES) {
    for (const claimant of unclear) {
      const toldMinor = claimant.facts[told];
      if (toldMinor === null) continue;
      const exact = options(owedTo(claimant)).find(
        (parts) => claimant.facts.statementMinor + sumOf(parts) === toldMinor,
      );
      if (!exact) continue;
      take(claimant, exact);
      unclear.delete(claimant);
    }
  }
  // A guess does not take from a payout what people went by when they decided about the rest.
  const decided = [...unclear].filter(({ isDecided }) => isDecided);
  for (const claimant of decided)
    take(
      claimant,
      owedTo(claimant).filter(({ takenBy }) => takenBy === claimant.id),
    );
  for (const claimant of unclear)
    if (!claimant.isDecided) take(claimant, partlyTaken(claimant.facts, owedTo(claimant)));
  return taken;
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
