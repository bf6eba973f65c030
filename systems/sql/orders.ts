import type { CallOptions } from '../client-kit/call-options.ts';
import type { SqlClient } from './client.ts';
import type { Dialect, Intake, OrderTarget } from './mapping.ts';

/** Names of what is handed over, with their values. */
export type Handed = Readonly<Record<string, string | number | null>>;

/** What the system made of an order. */
export interface FoundOrder {
  /** Null until it has given one. */
  readonly number: string | null;
  /** As the database writes moments. Null until it was taken. */
  readonly taken: string | null;
}

/** @returns null when the system does not know the reference */
export async function findOrder(
  sql: SqlClient,
  { found }: OrderTarget,
  reference: string,
  call: CallOptions,
): Promise<FoundOrder | null> {
  const row = await sql.find(found.from, found.reference, reference, [found.number, found.taken], call);
  return row ? { number: row[found.number]?.trim() || null, taken: row[found.taken] ?? null } : null;
}

/**
 * Hands something over in one transaction: head and lines, or one call of a procedure, whose parameter `lines` is a JSON text.
 * What is there already under its unique key stays as it is, so that handing over again does no harm. A procedure has
 * to see to that itself.
 */
export async function handOver(
  sql: SqlClient,
  intake: Intake,
  head: Handed,
  lines: readonly Handed[],
  call: CallOptions,
): Promise<void> {
  await sql.writeOnce(async (trx) => {
    if ('procedure' in intake) {
      const values = { ...head, lines: JSON.stringify(lines) } as Handed;
      const wanted = intake.parameters.map((parameter) => values[parameter] ?? null);
      await trx.raw(callOf(sql.dialect, wanted.length), [intake.procedure, ...wanted]);
      return;
    }
    await trx(intake.table).insert(rowOf(intake.columns, head));
    await trx(intake.lines.table).insert(lines.map((line) => rowOf(intake.lines.columns, { ...head, ...line })));
  }, call);
}

/** Columns with the values that the mapping names for them. */
function rowOf(columns: Readonly<Record<string, string>>, values: Handed): Handed {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [column, values[name] ?? null]));
}

function callOf(dialect: Dialect, parameters: number): string {
  const places = Array.from({ length: parameters }, () => '?').join(', ');
  if (dialect === 'sqlserver') return `exec ?? ${places}`;
  return dialect === 'oracle' ? `begin ??(${places}); end;` : `call ??(${places})`;
}
