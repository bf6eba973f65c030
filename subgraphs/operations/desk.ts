import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { newId } from '../../platform/ids.ts';
import type { Money } from '../../platform/money.ts';
import { type OwnershipMap, ownerOf } from './model.ts';
import { isTold, shortened, tellOfMoves } from './moves.ts';
import type { Failure, OrderUnits, UnusableEntry } from './port.ts';

/** Value of an order that is not cancelled, or of these units of it, as its owner tells it. Null when there is no such order. */
export type StakeOf = (trx: Knex.Transaction, orderId: string, units?: readonly OrderUnits[]) => Promise<Money | null>;

/** Longest message kept, in characters. */
const MAX_MESSAGE = 2_000;

/** The desk where failures land that the system could not get over by itself. */
export interface ExceptionDesk {
  /** Opens an exception, or counts another attempt on the open one of the same key. */
  raise(failure: Failure): Promise<void>;
  /** The same within the caller's transaction, for a feed that sets an entry aside. */
  raiseIn(trx: Knex.Transaction, entry: UnusableEntry): Promise<void>;
  /** Keys of the open exceptions that begin with this. */
  openKeys(prefix: string): Promise<string[]>;
  /**
   * Closes the open exception of this key, if any: what it was about is done.
   * @param by what ended it, e.g. `the feed moves again`; the attempt that succeeded unless told
   */
  resolve(key: string, by?: string): Promise<void>;
  /** The same for several keys within the caller's transaction. */
  resolveIn(trx: Knex.Transaction, keys: readonly string[], by?: string): Promise<void>;
}

export function createExceptionDesk(deps: {
  readonly knex: Knex;
  readonly owners: OwnershipMap;
  /** Left out, exceptions do not tell what is at stake. */
  readonly stakeOf?: StakeOf;
}): ExceptionDesk {
  const { knex, owners, stakeOf } = deps;

  async function raiseIn(trx: Knex.Transaction, entry: UnusableEntry): Promise<void> {
    // An entry of a feed belongs to no request: its trace begins here.
    const { traceId = randomBytes(16).toString('hex'), cause = 'MAPPING' } = entry;
    const { orderId = null, channelCode = null, workflowId = null, deadline = null, setAside = null } = entry;
    const message = storable(entry.message);
    const atStake = orderId === null ? null : ((await stakeOf?.(trx, orderId, entry.units)) ?? null);
    // A raise that meets the open one of its key, also one that commits at this moment, becomes an attempt on it.
    const [raised] = await query<{ id: string; attempts: number; askedBy: string | null }>(
      trx,
      `insert into integration.exception as known
         (id, key, system, operation, cause, message, first_cause, first_message, owner, order_id, channel_code, workflow_id, trace_id,
          at_stake_minor, at_stake_currency, deadline, set_aside_by, set_aside_id)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (key) where state in ('OPEN', 'RETRYING') do update
         set state = 'OPEN', attempts = known.attempts + 1, last_attempt_at = clock_timestamp(),
             cause = excluded.cause, message = excluded.message, workflow_id = excluded.workflow_id,
             at_stake_minor = coalesce(excluded.at_stake_minor, known.at_stake_minor),
             at_stake_currency = coalesce(excluded.at_stake_currency, known.at_stake_currency),
             deadline = coalesce(excluded.deadline, known.deadline),
             set_aside_by = excluded.set_aside_by, set_aside_id = excluded.set_aside_id, closed_by = null, note = null, retried_by = null
       returning id, attempts, (select retried_by from integration.exception as before where before.id = known.id) as "askedBy"`,
      [
        newId('integrationException'),
        entry.key,
        entry.system,
        entry.operation,
        cause,
        message,
        cause,
        message,
        ownerOf(owners, entry.system, entry.operation),
        orderId,
        channelCode,
        workflowId,
        traceId,
        atStake?.amountMinor.toString() ?? null,
        atStake?.currencyCode ?? null,
        deadline,
        setAside?.by ?? null,
        setAside?.id ?? null,
      ],
    );
    if (!raised) return;
    const { id, attempts, askedBy } = raised;
    if (attempts > 1) {
      if (isTold(attempts) || askedBy !== null) await tellOfMoves(trx, [id], 'FAILED_AGAIN', askedBy);
      return;
    }
    await writeEvents(trx, [
      {
        type: 'integration-exception-raised.v1',
        subject: id,
        version: 1,
        channelCode,
        traceId,
        data: {
          exceptionId: id,
          orderId,
          system: entry.system,
          operation: entry.operation,
          cause,
          message: shortened(message),
        },
      },
    ]);
  }

  return {
    raiseIn,
    raise: (failure) => inTransaction(knex, (trx) => raiseIn(trx, failure)),
    async openKeys(prefix) {
      const rows = await query<{ key: string }>(
        knex,
        `select key from integration.exception where state in ('OPEN', 'RETRYING') and starts_with(key, ?)`,
        [prefix],
      );
      return rows.map(({ key }) => key);
    },
    resolve: (key, by) => inTransaction(knex, (trx) => resolveKeys(trx, [key], by)),
    resolveIn: resolveKeys,
  };
}

/** Closes the open exceptions of these keys: what they were about is done. @param by as {@link ExceptionDesk.resolve} has it */
export async function resolveKeys(trx: Knex.Transaction, keys: readonly string[], by?: string): Promise<void> {
  if (keys.length === 0) return;
  await close(trx, `key = any(?::text[]) and state in ('OPEN', 'RETRYING')`, keys, by);
}

/** The same for the exception of this id, which the caller has locked open. */
export async function resolveId(trx: Knex.Transaction, id: string): Promise<void> {
  await close(trx, 'id = any(?::text[])', [id]);
}

async function close(trx: Knex.Transaction, which: string, values: readonly string[], by?: string): Promise<void> {
  const closed = await query<{ id: string }>(
    trx,
    `update integration.exception set state = 'RESOLVED', closed_at = clock_timestamp(),
       closed_by = coalesce(closed_by, ?, format('attempt %s of %s at %s', attempts + 1, operation, system) || coalesce(', asked for by ' || retried_by, ''))
     where ${which} returning id`,
    [by ?? null, values],
  );
  await tellOfMoves(trx, closed.map(({ id }) => id), 'RESOLVED'); // biome-ignore format: one thought
}

/** The desk is the last resort, so no text may make it fail: PostgreSQL refuses U+0000. */
function storable(message: string): string {
  return message.replaceAll('\0', '').slice(0, MAX_MESSAGE);
}
