import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { change, query } from '../../platform/db/query.ts';
import type { Groups, Lease } from '../groups.ts';
import type { Sequences } from '../sequences.ts';
import type { PostgresSession } from './postgres-session.ts';

/** How often a process asks whether the leader is gone: the longest a group stands still after its leader died. */
const ASK_MILLIS = 500;

/**
 * Positions in the database; leadership is a session lock, which the server frees the moment the leader's connection
 * ends, however it ends.
 */
export function postgresGroups(knex: Knex, session: PostgresSession, sequences: () => Promise<Sequences>): Groups {
  /** A session may take its own lock again: within this process we have to tell them apart ourselves. */
  const led = new Map<string, AbortController>();
  session.onLost(() => {
    for (const lease of led.values()) lease.abort();
    led.clear();
  });

  async function tryToLead(group: string): Promise<Lease | null> {
    if (led.has(group)) return null;
    const lease = new AbortController();
    led.set(group, lease); // before the answer: the connection may be lost while we wait for it
    const locked = await session
      .query('select pg_try_advisory_lock(hashtextextended($1, 0)) as locked', [lockName(group)])
      .then(([row]) => row?.locked === true)
      .catch(() => false);
    const release = async () => {
      if (led.get(group) !== lease) return;
      await session
        .query('select pg_advisory_unlock(hashtextextended($1, 0))', [lockName(group)])
        .catch(() => undefined);
      if (led.get(group) === lease) led.delete(group);
    };
    if (locked && !lease.signal.aborted) return { signal: lease.signal, release };
    if (led.get(group) === lease) led.delete(group);
    return null;
  }

  return {
    async lead(group, signal) {
      while (!signal.aborted) {
        const lease = await tryToLead(group);
        if (lease) return lease;
        await sleep(ASK_MILLIS * (0.5 + Math.random()), signal);
      }
      return null;
    },

    async position(group) {
      const { format } = await sequences();
      // Locking the state keeps pruning from passing a new group between reading the floor and entering it.
      await knex.transaction((trx) =>
        change(
          trx,
          `insert into integration.event_consumer (name, position)
           select ?, floor from integration.event_log_state where not exists (select from integration.event_consumer where name = ?)
           for share of event_log_state
           on conflict do nothing`,
          [group, group],
        ),
      );
      const [row] = await query<{ position: string }>(
        knex,
        'select position from integration.event_consumer where name = ?',
        [group],
      );
      return format(BigInt(row?.position ?? 0));
    },

    async save(group, sequence) {
      const { parse } = await sequences();
      await change(
        knex,
        `update integration.event_consumer set position = ?, updated_at = now() where name = ? and position < ?`,
        [parse(sequence).toString(), group, parse(sequence).toString()],
      );
    },
  };
}

function lockName(group: string): string {
  return `integration.event_consumer:${group}`;
}
