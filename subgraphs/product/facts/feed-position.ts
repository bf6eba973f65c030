import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { type CatalogueFact, type RejectedRecord, recordOf } from '../port.ts';

/** One stream of one system of record. */
export interface StreamName {
  readonly source: string;
  readonly stream: string;
}

/** Where a stream is to be read on. Null: from the start. */
export async function readCursor(db: Knex, { source, stream }: StreamName): Promise<string | null> {
  const [row] = await query<{ cursor: string }>(
    db,
    'select cursor from product.feed_cursor where source = ? and stream = ?',
    [source, stream],
  );
  return row?.cursor ?? null;
}

/** Moves the cursor unless another process has moved it since it was read. @returns whether it was moved */
export async function moveCursor(
  trx: Knex.Transaction,
  { source, stream }: StreamName,
  move: { from: string | null; to: string; now: Date },
): Promise<boolean> {
  const moved = await change(
    trx,
    `insert into product.feed_cursor as known (source, stream, cursor, updated_at)
     select ?, ?, ?, ? where ?::text is null or exists (select from product.feed_cursor where source = ? and stream = ?)
     on conflict (source, stream) do update set cursor = excluded.cursor, updated_at = excluded.updated_at
     where known.cursor = ?`,
    [source, stream, move.to, move.now, move.from, source, stream, move.from],
  );
  return moved === 1;
}

/** Keeps a list of the records that could not be taken, and takes off those that now were. */
export async function keepSetAside(
  trx: Knex.Transaction,
  source: string,
  page: { facts: readonly CatalogueFact[]; rejected: readonly RejectedRecord[]; now: Date },
): Promise<void> {
  const told = page.facts.map(recordOf);
  await change(
    trx,
    `delete from product.set_aside as known using unnest(?::text[], ?::text[]) as told (kind, key)
     where known.source = ? and known.kind = told.kind and known.key = told.key`,
    [told.map((record) => record.kind), told.map((record) => record.key), source],
  );
  await change(
    trx,
    `insert into product.set_aside as known (source, kind, key, reason, first_seen_at, last_seen_at)
     select distinct on (kind, key) ?, kind, key, reason, ?::timestamptz, ?::timestamptz
     from unnest(?::text[], ?::text[], ?::text[]) as rejected (kind, key, reason)
     on conflict (source, kind, key) do update set reason = excluded.reason, last_seen_at = excluded.last_seen_at`,
    [
      source,
      page.now,
      page.now,
      page.rejected.map((record) => record.kind),
      page.rejected.map((record) => storableKey(record.key)),
      page.rejected.map((record) => record.reason),
    ],
  );
}

/** The key itself may be what is wrong with the record. */
function storableKey(key: string): string {
  return key.replaceAll('\0', '�').slice(0, 500);
}
