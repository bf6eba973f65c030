import type { ChooseSources, Supply, Take } from './supply.ts';

interface Candidate {
  readonly source: string;
  readonly preference: number;
  /** Items of which it has all that is missing. */
  completes: number;
  /** Missing units that it has. */
  units: number;
}

/**
 * Fewest sources, greedily: first the one that completes most items, then most units, then one that is used anyway, then
 * the preferred one. The same choice as the SQL function `inventory.plan_sale`, so a request gets the same nodes whichever
 * way it goes.
 */
export const fewestSources: ChooseSources = (demand, supply, used = new Set()) => {
  const missing = new Map(demand);
  const takes: Take[] = [];
  const chosen = new Set<string>();
  while (missing.size > 0) {
    const best = bestOf(candidates(missing, supply, chosen), used);
    if (!best) return null;
    chosen.add(best.source);
    for (const [item, wanted] of missing) {
      const units = Math.min(wanted, supply.of(item).find((rest) => rest.source === best.source)?.units ?? 0);
      if (units === 0) continue;
      takes.push({ item, source: best.source, units });
      if (units === wanted) missing.delete(item);
      else missing.set(item, wanted - units);
    }
  }
  return takes;
};

function candidates(missing: ReadonlyMap<string, number>, supply: Supply, chosen: ReadonlySet<string>): Candidate[] {
  const bySource = new Map<string, Candidate>();
  for (const [item, wanted] of missing) {
    for (const { source, preference, units } of supply.of(item)) {
      if (units === 0 || chosen.has(source)) continue;
      const candidate = bySource.get(source) ?? { source, preference, completes: 0, units: 0 };
      bySource.set(source, candidate);
      candidate.units += Math.min(units, wanted);
      if (units >= wanted) candidate.completes++;
    }
  }
  return [...bySource.values()];
}

function bestOf(candidates: readonly Candidate[], used: ReadonlySet<string>): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (best, one) => (best && !isBetter(one, best, used) ? best : one),
    undefined,
  );
}

function isBetter(one: Candidate, other: Candidate, used: ReadonlySet<string>): boolean {
  if (one.completes !== other.completes) return one.completes > other.completes;
  if (one.units !== other.units) return one.units > other.units;
  if (used.has(one.source) !== used.has(other.source)) return used.has(one.source);
  return one.preference < other.preference;
}
