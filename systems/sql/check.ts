import { closest } from '../../platform/closest.ts';
import { checkRows } from './check-rows.ts';
import type { SqlClient } from './client.ts';
import { FIELDS, type FieldType, type Intake, type OrderTarget, type Relation, type RelationName } from './mapping.ts';
import type { MappingFile, WrongPlace } from './read-mapping.ts';

/** What a place of the mapping file says that the database does not have. */
type Complain = (path: readonly PropertyKey[], message: string) => void;

const MOST_NAMED = 30;

/** Types, as databases name them, that cannot be what a field needs. */
const UNFIT: Readonly<Record<FieldType, { readonly types: RegExp; readonly because: string }>> = {
  text: { types: /^(bytea|.*blob|(var)?binary|image|json.*|xml)$/, because: 'it is no text' },
  moment: { types: /^(bool.*|bytea|.*blob|json.*|real|double.*|float.*|time)$/, because: 'it is neither a date nor a moment' }, // biome-ignore format: one thought
  // SQL Server's money has four digits and is exact; PostgreSQL's is a text with a sign.
  decimal: { types: /^(real|double.*|float.*|binary_(float|double)|bool.*|date.*|time.*)$/, because: 'amounts and quantities have to be exact: give it as a decimal in the view' }, // biome-ignore format: one thought
  flag: { types: /^(date.*|time.*|bytea|.*blob|json.*|real|double.*|float.*)$/, because: 'it is no yes or no' },
};
const MOMENT_TYPES = /^(date|datetime.*|timestamp.*|smalldatetime)/;
const WHOLE_TYPES = /^(.*int.*|serial|numeric|decimal|number|rowversion)$/;

/**
 * Whether a database has what a mapping file says, and whether its rows can be read by it.
 * @returns every place that is wrong, and in words what was found
 * @throws CommerceError when the database cannot be asked
 */
export async function checkDatabase(
  sql: SqlClient,
  { mapping, lineOf }: MappingFile,
): Promise<{ readonly wrong: readonly WrongPlace[]; readonly counted: string }> {
  const wrong: WrongPlace[] = [];
  const counts: string[] = [];
  const complain: Complain = (path, message) => void wrong.push({ line: lineOf(path), path, message });
  for (const [name, relation] of Object.entries(mapping.relations) as [RelationName, Relation][]) {
    const before = wrong.length;
    const columns = await columnsIn(relation.from, [name, 'from']);
    if (columns) checkColumns(name, relation, columns);
    if (!columns || wrong.length > before) continue;
    const rows = await checkRows(sql, mapping, name, relation, columns, complain);
    counts.push(`${rows} ${name}`);
  }
  if (mapping.orders) await checkOrders(mapping.orders);
  return { wrong, counted: counts.join(', ') };

  /** Null, and said, when there is no such table. */
  async function columnsIn(table: string, path: readonly PropertyKey[]): Promise<ReadonlyMap<string, string> | null> {
    const columns = await sql.columns(table);
    if (columns.size > 0) return columns;
    const tables = await sql.tables();
    const guess = closest(table, tables);
    complain(path, `there is no table or view ${table} that this account may read${guess ? `; did you mean ${guess}?` : `. It may read ${named(tables.filter((one) => one.includes('.')))}`}`); // biome-ignore format: one thought
    return null;
  }

  function requireColumn(columns: ReadonlyMap<string, string>, column: string, table: string, path: readonly PropertyKey[]): string | null {
    const type = columns.get(column);
    if (type !== undefined) return type;
    const guess = closest(column, columns.keys());
    complain(path, `${table} has no column ${column}${guess ? `; did you mean ${guess}?` : `. It has ${named([...columns.keys()])}`}`); // biome-ignore format: one thought
    return null;
  } // biome-ignore format: one thought

  function checkColumns(name: RelationName, relation: Relation, columns: ReadonlyMap<string, string>): void {
    const { from, key, fields, options, only, change } = relation;
    for (const column of key) requireColumn(columns, column, from, [name, 'key']);
    for (const [field, source] of Object.entries(fields)) {
      if (!('column' in source)) continue;
      const type = requireColumn(columns, source.column, from, [name, 'columns', field]);
      const { types, because } = UNFIT[(FIELDS[name][field] ?? 'text').replace('!', '') as FieldType];
      if (type !== null && source.codes === null && types.test(type))
        complain([name, 'columns', field], `${source.column} is of type ${type}: ${because}`);
    }
    for (const [option, column] of Object.entries(options)) requireColumn(columns, column, from, [name, 'options', option]); // biome-ignore format: one thought
    for (const column of Object.keys(only)) requireColumn(columns, column, from, [name, 'only', column]);
    if (!change) return;
    const place = [name, 'change', 'column'];
    const type = requireColumn(columns, change.column, from, place);
    if (type === null) return;
    const isTime = 'millis' in change.overlap;
    if (!(isTime ? MOMENT_TYPES : WHOLE_TYPES).test(type))
      complain(place, `${change.column} is of type ${type}: an overlap of ${isTime ? 'time needs a moment' : 'numbers needs a number that grows'}`); // biome-ignore format: one thought
    if (type === 'date' && 'millis' in change.overlap && change.overlap.millis < 86_400_000)
      complain([name, 'change', 'overlap'], `${change.column} is a day: an overlap of less than 1d would miss what changed later that day`); // biome-ignore format: one thought
    // A TIMESTAMP of MySQL moves with the connection, which is in UTC; it comes without an offset.
    if (type === 'timestamp' && ['mysql', 'mariadb'].includes(sql.dialect) && mapping.timeZone !== 'UTC')
      complain(place, `${change.column} is a TIMESTAMP, which comes in UTC: give it as DATETIME in the view, or set timeZone: UTC`); // biome-ignore format: one thought
  }

  async function checkOrders({ register, found, shipment, cancellation }: OrderTarget): Promise<void> {
    await checkIntake('register', register);
    if (shipment) await checkIntake('shipment', shipment);
    if (cancellation) await checkIntake('cancellation', cancellation);
    const columns = await columnsIn(found.from, ['orders', 'found', 'from']);
    for (const field of ['reference', 'number', 'taken'] as const) {
      if (columns) requireColumn(columns, found[field], found.from, ['orders', 'found', field]);
    }
  }

  async function checkIntake(name: string, intake: Intake): Promise<void> {
    if ('procedure' in intake) return;
    for (const [path, { table, columns: wanted }] of [
      [['orders', name], intake],
      [['orders', name, 'lines'], intake.lines],
    ] as const) {
      // biome-ignore format: one thought
      const columns = await columnsIn(table, [...path, 'table']);
      if (!columns) continue;
      for (const [field, column] of Object.entries(wanted)) requireColumn(columns, column, table, [...path, 'columns', field]); // biome-ignore format: one thought
    }
  }
}

const named = (all: readonly string[]): string =>
  all.length === 0 ? 'nothing' : all.slice(0, MOST_NAMED).join(', ') + (all.length > MOST_NAMED ? ', …' : '');
