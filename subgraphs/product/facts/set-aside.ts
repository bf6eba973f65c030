import type { Knex } from 'knex';
import { change } from '../../../platform/db/query.ts';
import { type CatalogueFact, type RejectedRecord, recordOf } from '../port.ts';

/** Keeps the list of records that could not be taken: takes off those that are told anew, puts on those rejected now. */
export async function keepSetAside(
  trx: Knex.Transaction,
  source: string,
  page: { facts: readonly CatalogueFact[]; rejected: readonly RejectedRecord[]; now: Date },
): Promise<void> {
  const { facts, rejected, now } = page;
  await change(
    trx,
    `delete from product.set_aside as known using unnest(?::text[], ?::text[]) as told (kind, key)
     where known.source = ? and known.kind = told.kind and known.key = told.key
       and not (known.kind, known.key) in (select * from unnest(?::text[], ?::text[]))`,
    [facts.map(recordOf), facts.map((fact) => storableKey(fact.key)), source, ...namesOf(rejected)],
  );
  if (rejected.length === 0) return;
  await change(
    trx,
    `insert into product.set_aside as known (source, kind, key, reason, first_seen_at, last_seen_at)
     select distinct on (kind, key) ?, kind, key, reason, ?::timestamptz, ?::timestamptz
     from unnest(?::text[], ?::text[], ?::text[]) as rejected (kind, key, reason)
     on conflict (source, kind, key) do update set reason = excluded.reason, last_seen_at = excluded.last_seen_at`,
    [source, now, now, ...namesOf(rejected), rejected.map((record) => record.reason)],
  );
}

function namesOf(rejected: readonly RejectedRecord[]) {
  return [rejected.map(recordOf), rejected.map((record) => record.key)] as const;
}

/** What is wrong with a record may be its key. */
export function storableKey(key: string): string {
  return key.replaceAll('\0', '\ufffd').slice(0, 200);
}
