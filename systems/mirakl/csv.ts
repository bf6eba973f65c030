/** Pure: a file as Mirakl's imports want it: semicolons, every field in quotes. */
export function writeCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(';')).join('\n');
}

/** Pure: the rows of a file with semicolons, whose fields may be in quotes, and hold line ends there. Empty lines are left out. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^";\r\n]*))(;|\r?\n|$)/y;
  const content = text.replace(/^\uFEFF/, '');
  for (let row: string[] = []; field.lastIndex < content.length; ) {
    const found = field.exec(content);
    if (!found) throw new Error('not a file with semicolons');
    const [, quoted, plain = '', end] = found;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ';' && field.lastIndex < content.length) continue;
    if (end === ';') row.push('');
    if (row.some((one) => one !== '')) rows.push(row);
    row = [];
  }
  return rows;
}
