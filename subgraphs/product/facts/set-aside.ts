import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { type CatalogueFact, type RejectedRecord, recordOf } from '../port.ts';

/** A record that could not be taken before and was now. */
export interface TakenRecord {
  readonly record: string;
  readonly key: string;
}

/**
 * Keeps the list of records that could not be taken: takes off those that are told anew, puts on those rejected now.
 * @returns the records that were taken off
 */
export async function keepSetAside(
  trx: Knex.Transaction,
  source: string,
  page: { facts: readonly CatalogueFact[]; rejected: readonly RejectedRecord[]; now: Date },
): Promise<readonly TakenRecord[]> {
  const { facts, rejected, now } = page;
  const taken = await query<TakenRecord>(
    trx,
    `delete from product.set_aside as known using unnest(?::text[], ?::text[]) as told (kind, key)
     where known.source = ? and known.kind = told.kind and known.key = told.key
       and not (known.kind, known.key) in (select * from unnest(?::text[], ?::text[]))
     returning known.kind as record, known.key`,
    [facts.map(recordOf), facts.map((fact) => storableKey(fact.key)), source, ...namesOf(rejected)],
  );
  if (rejected.length === 0) return taken;
  await change(
    trx,
    `insert into product.set_aside as known (source, kind, key, reason, first_seen_at, last_seen_at)
     select distinct on (kind, key) ?, kind, key, reason, ?::timestamptz, ?::timestamptz
     from unnest(?::text[], ?::text[], ?::text[]) as rejected (kind, key, reason)
     on conflict (source, kind, key) do update set reason = excluded.reason, last_seen_at = excluded.last_seen_at`,
    [source, now, now, ...namesOf(rejected), rejected.map((record) => record.reason)],
  );
  return taken;
}

function namesOf(rejected: readonly RejectedRecord[]) {
  return [rejected.map(recordOf), rejected.map((record) => record.key)] as const;
}

/** What is wrong with a record may be its key. */
export function storableKey(key: string): string {
  return key.replaceAll('\0', '\ufffd').slice(0, 200);
}
