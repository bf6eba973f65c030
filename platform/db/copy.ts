import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Knex } from 'knex';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { databaseFailure } from './failure.ts';

/** A value of a column. A buffer is `bytea`; anything else is written as PostgreSQL reads it. */
export type CopyValue = string | number | bigint | Date | Buffer | null;

/**
 * Writes rows with COPY, a multiple as fast as INSERT. In one statement: all of them or none.
 *
 * @param trx a transaction; COPY needs its connection
 * @param table with its schema, e.g. `settlement.statement_line`
 * @throws pg's error (with its SQLSTATE in `code`) when the server refuses a row
 */
export async function copyRows(
  trx: Knex.Transaction,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly CopyValue[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const connection: ClientBase = await trx.client.acquireConnection();
  const stream = connection.query(copyFrom(`copy ${table} (${columns.join(', ')}) from stdin`));
  try {
    await pipeline(Readable.from(pieces(rows)), stream);
  } catch (error) {
    throw databaseFailure(error);
  }
}

const ROWS_PER_PIECE = 500;

function* pieces(rows: readonly (readonly CopyValue[])[]): Generator<string> {
  for (let at = 0; at < rows.length; at += ROWS_PER_PIECE) {
    let text = '';
    for (const row of rows.slice(at, at + ROWS_PER_PIECE)) text += `${row.map(copyText).join('\t')}\n`;
    yield text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function copyText(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'string') return /[\\\t\n\r]/.test(value) ? value.replace(/[\\\t\n\r]/g, (found) => ESCAPES[found] ?? '') : value; // biome-ignore format: one thought
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
  return String(value);
}
