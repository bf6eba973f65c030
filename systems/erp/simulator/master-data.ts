import type { Knex } from 'knex';
import { takeFeedNumbers } from '../../kit/feed.ts';

/** The kinds of master records. Each is a table and a feed of the same name. */
export type MasterTable = 'material_group' | 'material' | 'condition_record' | 'sales_bom';

export interface NewRecord {
  readonly recordNo: string;
  /** JSON-safe. */
  readonly content: object;
}

export interface MasterRecord {
  readonly recordNo: string;
  readonly content: Record<string, unknown>;
  readonly changeNo: number;
  /** ISO 8601 UTC. */
  readonly changedAt: string;
}

/**
 * Creates or replaces records in the given order. What is already stored like this gets no new change number, so that
 * a repeated PUT is no news to the readers of the feed.
 *
 * @returns how many records changed
 */
export async function putRecords(
  trx: Knex.Transaction,
  table: MasterTable,
  records: readonly NewRecord[],
): Promise<number> {
  const columns = (some: readonly NewRecord[]) => [
    some.map((record) => record.recordNo),
    some.map((record) => JSON.stringify(record.content)),
  ];
  const { rows } = await trx.raw<{ rows: { position: string }[] }>(
    `select position
     from unnest(?::text[], ?::jsonb[]) with ordinality as given (record_no, content, position)
     left join erp.${table} known using (record_no)
     where known.content is distinct from given.content
     order by position`,
    columns(records),
  );
  const changed = rows.flatMap((row) => records[Number(row.position) - 1] ?? []);
  if (changed.length === 0) return 0;
  const first = await takeFeedNumbers(trx, 'erp', table, changed.length);
  await trx.raw(
    `insert into erp.${table} as known (record_no, content, change_no)
     select record_no, content, ? + position - 1
     from unnest(?::text[], ?::jsonb[]) with ordinality as given (record_no, content, position)
     on conflict (record_no) do update
       set content = excluded.content, change_no = excluded.change_no, changed_at = now()`,
    [first, ...columns(changed)],
  );
  return changed.length;
}

/** Records changed after a number, oldest change first. */
export async function readRecordChanges(
  knex: Knex,
  table: MasterTable,
  after: number,
  limit: number,
): Promise<MasterRecord[]> {
  return select(knex, `from erp.${table} where change_no > ? order by change_no limit ?`, [after, limit]);
}

/** Null when there is no such record. */
export async function findRecord(knex: Knex, table: MasterTable, recordNo: string): Promise<MasterRecord | null> {
  const [record] = await select(knex, `from erp.${table} where record_no = ?`, [recordNo]);
  return record ?? null;
}

/** Materials by the number they had before, in the order of the change; unknown numbers are left out. */
export async function findMaterialsByOldNo(knex: Knex, oldMaterialNos: readonly string[]): Promise<MasterRecord[]> {
  return select(knex, `from erp.material where content ->> 'oldMaterialNo' = any(?::text[]) order by change_no`, [
    [...oldMaterialNos],
  ]);
}

/** Those of the given records that do not exist. */
export async function missingRecords(knex: Knex, table: MasterTable, recordNos: readonly string[]): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { record_no: string }[] }>(
    `select distinct record_no from unnest(?::text[]) as given (record_no)
     where not exists (select from erp.${table} known where known.record_no = given.record_no)`,
    [[...recordNos]],
  );
  return rows.map((row) => row.record_no);
}

async function select(knex: Knex, rest: string, bindings: readonly Knex.RawBinding[]): Promise<MasterRecord[]> {
  const { rows } = await knex.raw<{
    rows: { record_no: string; content: Record<string, unknown>; change_no: string; changed_at: Date }[];
  }>(`select record_no, content, change_no, changed_at ${rest}`, [...bindings]);
  return rows.map((row) => ({
    recordNo: row.record_no,
    content: row.content,
    changeNo: Number(row.change_no),
    changedAt: row.changed_at.toISOString(),
  }));
}
