import { groupBy } from '../../../platform/batch.ts';
import type { MatchLine } from './model.ts';
import { countsUnits } from './sides.ts';

/**
 * Lines that are told more often than the order can explain. A row may rightly be told as often as the order has units
 * of the SKU for it: two rows of one unit each for two units are no repetition. Nor is one that was taken back in between.
 *
 * @param lines of one order, in the order of their telling: the first ones count
 */
export function beyondAllowedRepeats(
  lines: readonly MatchLine[],
  ordered: ReadonlyMap<string, number>,
): ReadonlySet<MatchLine> {
  const repeated = new Set<MatchLine>();
  for (const [first, ...more] of groupBy(lines, (line) => line.fingerprint).values()) {
    if (!first || more.length === 0) continue;
    const allowed = allowedRepeats(first, lines, ordered) + lines.filter((one) => takesBack(one, first)).length;
    for (const line of [first, ...more].slice(allowed)) repeated.add(line);
  }
  return repeated;
}

/** Whether a line is another one with its sign turned: the same words for the same SKU. */
function takesBack(one: MatchLine, other: MatchLine): boolean {
  const said = ({ class: of, sku, currencyCode, words }: MatchLine) =>
    [of, sku, currencyCode, words.transaction, words.type, words.description].join('\n');
  return one.amountMinor !== 0n && one.amountMinor === -other.amountMinor && said(one) === said(other);
}

function allowedRepeats(line: MatchLine, lines: readonly MatchLine[], ordered: ReadonlyMap<string, number>): number {
  if (line.sku === null) return 1;
  const units = ordered.get(line.sku) ?? 1;
  const perRow = lines.find((one) => one.sku === line.sku && countsUnits(one) && one.quantity !== null)?.quantity;
  // Without a number of units a row stands for all of them.
  return perRow == null || perRow <= 0 ? 1 : Math.max(1, Math.floor(units / perRow));
}
