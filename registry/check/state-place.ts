import type { StateTables } from '../state-machines.ts';
import type { SourcePlace } from './finding.ts';

/**
 * Where a state's moves are written.
 * @param read gives the text of a file; null when there is none
 * @param coordinate such as `OrderStatus.SHIPPED`
 * @returns the line of the state in its table, or that of the table; null when nobody said where the table is
 */
export function statePlace(
  read: (file: string) => string | null,
  tables: StateTables,
  coordinate: string,
): SourcePlace | null {
  const [machine = '', state = ''] = coordinate.split('.');
  const table = tables[machine];
  const lines = (table ? (read(table.file) ?? '') : '').split('\n');
  const start = lines.findIndex((line) => table && new RegExp(`const ${table.name}\\b`).test(line));
  if (!table || start === -1) return null;
  const length = lines.slice(start).findIndex((line) => /^[}\]]/.test(line));
  const own = lines
    .slice(start, start + Math.max(1, length))
    .findIndex((line) => new RegExp(`^\\s*${state}:`).test(line));
  return { file: table.file, line: start + 1 + Math.max(0, own) };
}
