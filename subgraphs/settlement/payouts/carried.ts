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

/** What a carried settlement counts as taken off. */
export interface TakenBy {
  readonly payoutId: string;
  /** Nothing else that is owed, and no other payout, would come to the same amounts. */
  readonly isCertain: boolean;
}

/** A payout that lacks just what some of what is owed comes to, and each way to come to it. */
interface Claim {
  readonly claimant: Claimant;
  readonly ways: readonly (readonly Carried[])[];
}

/**
 * Where a payout's part of what is owed is looked for, the surest first: its money before what was only announced of it, one
 * settlement before several. One that is right as it stands took nothing.
 */
const SEARCHES: readonly {
  readonly told: 'receivedMinor' | 'announcedMinor';
  /** @param lackMinor what the payout lacks; negative */
  ways(owed: readonly Carried[], lackMinor: bigint): readonly (readonly Carried[])[];
}[] = (['receivedMinor', 'announcedMinor'] as const).flatMap((told) => [
  { told, ways: (_, lackMinor) => (lackMinor === 0n ? [[]] : []) },
  { told, ways: (owed, lackMinor) => owed.filter(({ minor }) => minor === lackMinor).map((one) => [one]) },
  { told, ways: exactSums },
]);

/**
 * Which payout each carried settlement was taken off. A payout takes what puts it right to the cent before any takes what only
 * explains a part of what it lacks, and each search goes over all payouts before the next: so several settlements go together only
 * when none of them is just what another payout lacks. Where that could be meant otherwise the oldest payout takes the oldest
 * settlements, and none of it is certain. Each is taken off once, and by the same payout whatever is told first.
 *
 * @param claimants all payouts of the channel and currency that money or an announcement is known of; of one day in an order that
 *   does not depend on what was told first
 * @param carried what is owed in that currency, in such an order
 * @returns by id of the carried settlement; absent where it is still owed
 */
export function shareOut(claimants: readonly Claimant[], carried: readonly Carried[]): ReadonlyMap<string, TakenBy> {
  const taken = new Map<string, TakenBy>();
  const owedTo = ({ at }: Claimant) =>
    oldestFirst(carried.filter((one) => !taken.has(one.id) && (one.at === null || at === null || one.at <= at)));
  // What nobody decided about comes first: a guess is not to undo what people went by.
  const inOrder = oldestFirst(claimants);
  const unclear = new Set([
    ...inOrder.filter(({ isDecided }) => !isDecided),
    ...inOrder.filter(({ isDecided }) => isDecided),
  ]);
  const decided = () => [...unclear].filter(({ isDecided }) => isDecided);
  for (const { told, ways } of SEARCHES) {
    const held = new Set(decided().map(({ id }) => id));
    const claims = [...unclear].flatMap((claimant): Claim[] => {
      const toldMinor = claimant.facts[told];
      if (toldMinor === null) return [];
      const found = ways(owedTo(claimant), toldMinor - claimant.facts.statementMinor);
      return found.length === 0 ? [] : [{ claimant, ways: found }];
    });
    for (const [claimant, parts] of settle(claims, held)) {
      unclear.delete(claimant);
      for (const [id, isCertain] of parts) taken.set(id, { payoutId: claimant.id, isCertain });
    }
  }
  const guess = (claimant: Claimant, parts: readonly Carried[]) => {
    for (const { id } of parts) taken.set(id, { payoutId: claimant.id, isCertain: false });
  };
  // A guess does not take from a payout what people went by when they decided about the rest.
  for (const claimant of decided())
    guess(
      claimant,
      owedTo(claimant).filter(({ takenBy }) => takenBy === claimant.id),
    );
  for (const claimant of unclear)
    if (!claimant.isDecided) guess(claimant, partlyTaken(claimant.facts, owedTo(claimant)));
  return taken;
}

/**
 * Gives each claim the first of its ways that is free, and says whether it is certain: all claims that have a part of it among their
 * ways were given theirs, and nothing of their ways is left over.
 *
 * @param held ids of payouts that people decided about: only what is the one way takes off what they hold
 */
function settle(claims: readonly Claim[], held: ReadonlySet<string>): Map<Claimant, [string, boolean][]> {
  const given = new Map<Claimant, readonly Carried[]>();
  const used = new Set<string>();
  for (const { claimant, ways } of claims) {
    const allowed =
      ways.length === 1
        ? ways
        : ways.filter((way) =>
            way.every(({ takenBy }) => takenBy === null || takenBy === claimant.id || !held.has(takenBy)),
          );
    const way = allowed.find((parts) => parts.every(({ id }) => !used.has(id)));
    if (!way) continue;
    given.set(claimant, way);
    for (const { id } of way) used.add(id);
  }
  const isCertain = (claimant: Claimant) => {
    const about = connectedTo(claimant, claims);
    return about.every((claim) => given.has(claim.claimant) && claim.ways.flat().every(({ id }) => used.has(id)));
  };
  return new Map(
    [...given].map(([claimant, way]) => {
      const certain = way.length === 0 || isCertain(claimant);
      return [claimant, way.map(({ id }) => [id, certain])];
    }),
  );
}

/** The claim of a payout, and all that share something owed with it, or with one that does. */
function connectedTo(claimant: Claimant, claims: readonly Claim[]): Claim[] {
  const ids = new Set<string>();
  const found = new Set<Claim>();
  for (let next = claims.filter((claim) => claim.claimant === claimant); next.length > 0; ) {
    for (const claim of next) {
      found.add(claim);
      for (const { id } of claim.ways.flat()) ids.add(id);
    }
    next = claims.filter((claim) => !found.has(claim) && claim.ways.flat().some(({ id }) => ids.has(id)));
  }
  return [...found];
}

/** As many, from the oldest on, as what is missing is enough for: the channel may take them off, and something else is missing too. */
function partlyTaken({ statementMinor, receivedMinor, announcedMinor }: PayoutFacts, owed: readonly Carried[]) {
  const told = announcedMinor ?? receivedMinor ?? statementMinor;
  const parts: Carried[] = [];
  for (const one of owed) if (told <= statementMinor + sumOf(parts) + one.minor) parts.push(one);
  return parts;
}

/** Any so many settlements of any so many, the oldest, are tried as a sum: more are likely to come to an amount by chance. */
const MOST_PARTS = 4;
const MOST_OWED = 20;

/** Every run of consecutive settlements, then every other few, that come to an amount. */
function exactSums(owed: readonly Carried[], lackMinor: bigint): Carried[][] {
  const found: Carried[][] = [];
  owed.forEach((_, from) => {
    let leftMinor = lackMinor;
    for (let to = from; to < owed.length && leftMinor < 0n; to++) {
      leftMinor -= owed[to]?.minor ?? 0n;
      if (leftMinor === 0n && to > from) found.push(owed.slice(from, to + 1));
    }
  });
  const among = owed.slice(0, MOST_OWED);
  const walk = (places: readonly number[], leftMinor: bigint): void => {
    const [first = 0, last = -1] = [places.at(0), places.at(-1)];
    const isRun = last - first === places.length - 1;
    if (leftMinor === 0n && places.length > 1 && !isRun) found.push(places.flatMap((place) => among[place] ?? []));
    if (leftMinor >= 0n || places.length === MOST_PARTS) return;
    for (let place = last + 1; place < among.length; place++) {
      const minor = among[place]?.minor ?? 0n;
      if (minor >= leftMinor) walk([...places, place], leftMinor - minor);
    }
  };
  walk([], lackMinor);
  return found;
}

function sumOf(parts: readonly Carried[]): bigint {
  return parts.reduce((sum, { minor }) => sum + minor, 0n);
}

/** Those of the same day stay in the order in which they are given. */
function oldestFirst<One extends { readonly at: number | null }>(all: readonly One[]): One[] {
  const end = (one: One) => one.at ?? Number.POSITIVE_INFINITY;
  return [...all].sort((a, b) => (end(a) === end(b) ? 0 : end(a) - end(b)));
}
