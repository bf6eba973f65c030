import type { SqlClient } from './client.ts';
import { FIELDS, type Relation, type RelationName, type SqlMapping } from './mapping.ts';
import { columnsOf, sinceOf } from './relation.ts';
import { flagOf, momentOf, timesPieces, translate } from './values.ts';

type Complain = (path: readonly PropertyKey[], message: string) => void;

/** Different codes of a column that are looked at, and rows whose values are tried. */
const MOST_CODES = 1_000;
const TRIED_ROWS = 1_000;
const MOST_NAMED = 5;
/** Clocks of databases differ; a time zone that is wrong is wrong by more. */
const AHEAD_MILLIS = 15 * 60_000;

/**
 * Whether the rows of a relation, whose columns exist, can be read as the mapping says.
 * @returns how many there are
 */
export async function checkRows(
  sql: SqlClient,
  mapping: SqlMapping,
  name: RelationName,
  relation: Relation,
  types: ReadonlyMap<string, string>,
  complain: Complain,
): Promise<number> {
  const { from, key, fields } = relation;
  const rows = await sql.count(from, '1 = 1', []);
  await checkKey();
  await checkChange();
  await checkCodes();
  await checkValues();
  return rows;

  async function checkKey(): Promise<void> {
    const empty = await sql.count(from, key.map(() => '?? is null').join(' or '), key);
    if (empty > 0) complain([name, 'key'], `${key.join(', ')} is null in ${empty} of ${rows} rows`);
    const most = await sql.values(from, key, MOST_NAMED);
    const twice = most.filter((one) => one.rows > 1);
    if (twice.length === 0) return;
    const examples = twice.map(({ row, rows: times }) => `${key.map((column) => row[column] ?? '').join('|')} (${times} times)`); // biome-ignore format: one thought
    complain([name, 'key'], `${key.join(', ')} is not unique: ${examples.join(', ')}`);
  }

  async function checkChange(): Promise<void> {
    const { change } = relation;
    if (!change) return;
    const place = [name, 'change', 'column'];
    const empty = await sql.count(from, '?? is null', [change.column]);
    if (empty > 0) complain(place, `${change.column} is null in ${empty} of ${rows} rows: their changes would not be seen`); // biome-ignore format: one thought
    const newest = await sql.highest(from, change.column);
    if (newest === null) return;
    if (sinceOf(change, newest, mapping.timeZone) === null) complain(place, `${change.column} has values that cannot be read`); // biome-ignore format: one thought
    const at = 'millis' in change.overlap ? momentOf(newest, mapping.timeZone) : null;
    // A day is told at its beginning, so it is never ahead.
    if (at && at.getTime() > Date.now() + AHEAD_MILLIS)
      complain(place, `the newest ${change.column} is in the future: it does not grow with time, or timeZone is wrong, and changes before it would not be seen`); // biome-ignore format: one thought
  }

  /** Every code and unit that rows have needs a translation. */
  async function checkCodes(): Promise<void> {
    for (const [field, source] of Object.entries(fields)) {
      if (!('column' in source)) continue;
      const isUnit = field === 'unit' && source.codes === null;
      const known = isUnit ? mapping.units : source.codes;
      if (known === null) continue;
      const found = await sql.values(from, [source.column], MOST_CODES);
      const unknown = found.filter(({ row }) => {
        const code = row[source.column]?.trim() ?? '';
        return !(isUnit && code === '') && !Object.hasOwn(known, code);
      });
      if (unknown.length === 0) continue;
      const examples = unknown.slice(0, MOST_NAMED).map(({ row, rows: times }) => `"${row[source.column]?.trim() ?? ''}" (${times} rows)`); // biome-ignore format: one thought
      const what = isUnit ? 'no unit is given for' : 'there is no translation of';
      complain([name, 'columns', field], `${what} ${examples.join(', ')}; known are ${Object.keys(known).join(', ') || 'none'}`); // biome-ignore format: one thought
    }
  }

  /** The first rows are read as the adapter reads them. */
  async function checkValues(): Promise<void> {
    const page = await sql.page({ from, key, columns: columnsOf(relation), after: null, since: null, limit: TRIED_ROWS }); // biome-ignore format: one thought
    for (const [field, source] of Object.entries(fields)) {
      if (!('column' in source) || source.codes !== null) continue;
      const type = (FIELDS[name][field] ?? 'text').replace('!', '');
      const isRequired = FIELDS[name][field]?.endsWith('!') === true && field !== 'sku';
      const values = page.map((row) => translate(source, row[source.column]));
      const missing = values.filter((value) => value === null).length;
      if (isRequired && missing > 0) complain([name, 'columns', field], `${source.column} is empty in ${missing} of the first ${page.length} rows`); // biome-ignore format: one thought
      const unread = values.filter((value) => value !== null && !isReadable(type, value));
      if (unread.length > 0)
        complain([name, 'columns', field], `${source.column} (${types.get(source.column)}) cannot be read as ${WORDS[type] ?? type} in ${unread.length} of the first ${page.length} rows, such as "${String(unread[0]).slice(0, 30)}"`); // biome-ignore format: one thought
    }
  }

  function isReadable(type: string, value: string): boolean {
    if (type === 'decimal') return !Number.isNaN(timesPieces(value, 1));
    if (type === 'flag') return flagOf(value) !== null;
    return type !== 'moment' || !Number.isNaN(momentOf(value, mapping.timeZone)?.getTime());
  }
}

const WORDS: Readonly<Record<string, string>> = { decimal: 'a decimal number', flag: 'yes or no', moment: 'a moment' };
