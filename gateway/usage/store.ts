import type { Knex } from '../../platform/db/database.ts';
import { change, query } from '../../platform/db/query.ts';
import type { UsageSnapshot } from '../../registry/usage.ts';
import type { CountedUse } from './recorder.ts';

/** Days for which usage is kept. */
const KEPT_DAYS = 400;

/** Adds counts to those of the day, all in one statement, and notes until when usage is known. */
export async function writeUsage(knex: Knex, uses: readonly CountedUse[], until: Date): Promise<void> {
  const rows = uses.map(({ contract, version, clientId, clientVersion, document, count, lastSeen }) => ({
    contract,
    version,
    client_id: clientId,
    client_version: clientVersion,
    sha256: document.sha256,
    operation: document.operation,
    coordinates: document.coordinates,
    count,
    last_seen: lastSeen,
  }));
  await change(
    knex,
    `with used as (
       select (last_seen at time zone 'UTC')::date as day, *
         from jsonb_to_recordset(?::jsonb) as row (contract text, version text, client_id text, client_version text,
              sha256 text, operation text, coordinates text[], count bigint, last_seen timestamptz)
     ), recording as (
       insert into integration.usage_recording (recorded_from, recorded_until) values (?, ?)
       on conflict (only_row) do update
         set recorded_until = greatest(usage_recording.recorded_until, excluded.recorded_until)
     ), fields as (
       insert into integration.field_usage (day, contract, version, client_id, client_version, coordinate, count, last_seen)
       select day, contract, version, client_id, client_version, coordinate, sum(count), max(last_seen)
         from used, unnest(coordinates) as coordinate
        group by day, contract, version, client_id, client_version, coordinate
        order by day, contract, version, client_id, client_version, coordinate
       on conflict (day, contract, version, client_id, client_version, coordinate) do update
         set count = field_usage.count + excluded.count, last_seen = greatest(field_usage.last_seen, excluded.last_seen)
     ), forgotten as (
       delete from integration.field_usage where day < (?::timestamptz at time zone 'UTC')::date - ${KEPT_DAYS}
     ), forgotten_operations as (
       delete from integration.operation_usage where day < (?::timestamptz at time zone 'UTC')::date - ${KEPT_DAYS}
     )
     insert into integration.operation_usage
       (day, contract, version, client_id, client_version, sha256, operation, count, last_seen)
     select day, contract, version, client_id, client_version, decode(sha256, 'hex'), operation, sum(count), max(last_seen)
       from used
      group by day, contract, version, client_id, client_version, sha256, operation
      order by day, contract, version, client_id, client_version, sha256, operation
     on conflict (day, contract, version, client_id, client_version, sha256, operation) do update
       set count = operation_usage.count + excluded.count,
           last_seen = greatest(operation_usage.last_seen, excluded.last_seen)`,
    [JSON.stringify(rows), until, until, until, until],
  );
}

const KEY = `contract, version, client_id as client, client_version as "clientVersion",
             sum(count)::float8 as count, to_char(max(last_seen) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "lastSeen"`;

type Key = Pick<
  UsageSnapshot['fields'][number],
  'contract' | 'version' | 'client' | 'clientVersion' | 'count' | 'lastSeen'
>;

/** What was used in the last days, in the registry's form. Null when no gateway has recorded anything yet. */
export async function readRecordedUsage(knex: Knex, days: number): Promise<UsageSnapshot | null> {
  const [recording] = await query<{ recorded_from: Date; recorded_until: Date }>(
    knex,
    `select greatest(recorded_from, recorded_until - make_interval(days => ?)) as recorded_from, recorded_until
       from integration.usage_recording`,
    [days],
  );
  if (!recording) return null;
  const since = recording.recorded_from.toISOString().slice(0, 10);
  const [fields, operations] = await Promise.all([
    query<Key & { coordinate: string }>(
      knex,
      `select coordinate, ${KEY} from integration.field_usage where day >= ?
        group by coordinate, contract, version, client_id, client_version order by 1, 2, 3, 4, 5`,
      [since],
    ),
    query<Key & { sha256: string; operation: string }>(
      knex,
      `select encode(sha256, 'hex') as sha256, operation, ${KEY} from integration.operation_usage where day >= ?
        group by sha256, operation, contract, version, client_id, client_version order by 1, 2, 3, 4, 5, 6`,
      [since],
    ),
  ]);
  return {
    recordedFrom: recording.recorded_from.toISOString(),
    recordedUntil: recording.recorded_until.toISOString(),
    fields,
    operations,
  };
}
