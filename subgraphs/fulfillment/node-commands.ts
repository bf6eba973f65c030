import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import type { OnceKey } from '../../platform/idempotency/once-key.ts';
import { LEAST_RETENTION_DAYS } from '../../platform/idempotency/prune.ts';

/** Whether the node may know of a command: it is asked now, may have been asked before, was not, or not this. */
export type NotedCommand = 'ASKED_NOW' | 'ASKED_BEFORE' | 'NOT_ASKED' | 'OTHER_INPUT';

/**
 * Notes, in a transaction of its own, that a node is about to be asked: what it then does outlives a crash of ours.
 * @param isAllowed whether the work's state lets it be asked now; a command that may have been asked before is found anyway
 */
export async function noteCommand(
  knex: Knex,
  { scope, operation, key, hash }: OnceKey,
  fulfillmentOrderId: string,
  isAllowed: boolean,
): Promise<NotedCommand> {
  const known = await query<{ same: boolean; old: boolean }>(
    knex,
    `with noted as (
       insert into fulfillment.node_command (scope, operation, key, request_hash, fulfillment_order_id)
       select ?, ?, ?, ?::bytea, ? where ?
       on conflict do nothing returning request_hash
     ), forgotten as (
       delete from fulfillment.node_command where asked_at < now() - ? * interval '1 day'
     )
     select request_hash = ?::bytea as same, false as old from noted
     union all
     select request_hash = ?::bytea, true from fulfillment.node_command where (scope, operation, key) = (?, ?, ?)`,
    [
      ...[scope, operation, key, hex(hash), fulfillmentOrderId, isAllowed, LEAST_RETENTION_DAYS, hex(hash), hex(hash)],
      ...[scope, operation, key],
    ],
  );
  const [first] = known;
  if (!first) return isAllowed ? noteCommand(knex, { scope, operation, key, hash }, fulfillmentOrderId, isAllowed) : 'NOT_ASKED'; // biome-ignore format: one thought
  if (!first.same) return 'OTHER_INPUT';
  return first.old ? 'ASKED_BEFORE' : 'ASKED_NOW';
}

/** The note has served: the command's outcome is recorded under its key, or nobody was asked. */
export async function forgetCommand(db: Knex, { scope, operation, key, hash }: OnceKey): Promise<void> {
  await query(
    db,
    'delete from fulfillment.node_command where (scope, operation, key) = (?, ?, ?) and request_hash = ?::bytea',
    [scope, operation, key, hex(hash)],
  );
}

/** PostgreSQL's spelling of bytes. */
const hex = (bytes: Buffer) => `\\x${bytes.toString('hex')}`;
