/** A table of a result file. */
export interface ResultTable {
  /** The heading that it stands below; empty for none. */
  readonly heading: string;
  /** Cells by the name of their column, row by row. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** Reads the tables of a page of `bench/results`. */
export function resultTables(page: string): ResultTable[] {
  const tables: { heading: string; rows: Record<string, string>[] }[] = [];
  let heading = '';
  let columns: readonly string[] | null = null;
  for (const line of page.split('\n')) {
    if (line.startsWith('#')) heading = line.replace(/^#+\s*/, '');
    if (!line.startsWith('|')) {
      columns = null;
      continue;
    }
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (!columns) {
      columns = cells;
      tables.push({ heading, rows: [] });
    } else if (!cells.every((cell) => /^-+$/.test(cell)))
      tables.at(-1)?.rows.push(Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ''])));
  }
  return tables;
}
