import { groupBy } from '../../../platform/batch.ts';
import type { MatchLine } from './model.ts';
import { countsUnits } from './sides.ts';

/**
 * Lines that are told more often than the order can explain. A row may rightly be told as often as the order has units
 * of the SKU for it: two rows of one unit each for two units are no repetition.
 *
 * @param lines of one order, in the order of their telling: the first ones count
 */
export function beyondAllowedRepeats(
  lines: readonly MatchLine[],
  ordered: ReadonlyMap<string, number>,
): ReadonlySet<MatchLine> {
  const repeated = new Set<MatchLine>();
  for (const same of groupBy(lines, (line) => line.fingerprint).values()) {
    if (same.length === 1) continue;
    for (const line of same.slice(allowedRepeats(same[0], lines, ordered))) repeated.add(line);
  }
  return repeated;
}

function allowedRepeats(
  line: MatchLine | undefined,
  lines: readonly MatchLine[],
  ordered: ReadonlyMap<string, number>,
): number {
  if (line === undefined || line.sku === null) return 1;
  const units = ordered.get(line.sku) ?? 1;
  const perRow = lines.find((one) => one.sku === line.sku && countsUnits(one) && one.quantity !== null)?.quantity;
  // Without a number of units a row stands for all of them.
  return perRow == null || perRow <= 0 ? 1 : Math.max(1, Math.floor(units / perRow));
}
