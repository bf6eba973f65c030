import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';

/** One run of a worker process, as the other workers know it. */
export interface WorkerIdentity {
  /** Differs between two runs of the same name. */
  readonly id: string;
  /** `application_name` of all its database connections, by which they are ended when it is taken over. */
  readonly sessionName: string;
  readonly host: string;
  readonly pid: number;
}

export interface WorkerLease {
  /** Says that the worker lives, for `lifeMillis` from now. */
  renew(): Promise<void>;
  /**
   * Looks for workers whose lease ran out while this one renewed its own without a gap, or whose process is gone from this host. For each, ends its database
   * connections (a frozen process holds locks and open transactions), calls `adopt` and forgets the lease. Of several
   * workers that look at once, one gets it; when `adopt` fails the lease stays and is found again.
   *
   * @returns ids of those taken over
   */
  takeOver(adopt: (workerId: string) => Promise<void>): Promise<string[]>;
  /** Says goodbye: what is left undone is for the others, at once. Its connections must be closed right after. */
  giveUp(): Promise<void>;
}

/** PostgreSQL cuts an application_name at 63 bytes. */
const MAX_NAME = 40;

/** @param name what an operator calls it; the id adds what tells two runs apart */
export function workerIdentity(name: string): WorkerIdentity {
  const id = `${name.replace(/[^\w.-]/g, '-').slice(0, MAX_NAME)}-${randomBytes(4).toString('hex')}`;
  return { id, sessionName: `commerce:${id}`, host: hostname(), pid: process.pid };
}

/** How many workers live, by their leases. */
export async function liveWorkers(knex: Knex): Promise<number> {
  return (await liveWorkerIds(knex)).length;
}

/** Ids of the workers that live, by their leases. */
export async function liveWorkerIds(knex: Knex): Promise<string[]> {
  const rows = await query<{ worker_id: string }>(
    knex,
    'select worker_id from integration.worker_lease where expires_at > clock_timestamp()',
  );
  return rows.map((row) => row.worker_id);
}

/**
 * Leases of the workers in `integration.worker_lease`. Only the database's clock decides: those of the hosts may differ.
 *
 * @param lifeMillis how long a worker counts as alive without renewing
 * @param monotonic milliseconds on a clock that is never set
 */
export function workerLease(
  knex: Knex,
  identity: WorkerIdentity,
  lifeMillis: number,
  monotonic: () => number = () => performance.now(),
): WorkerLease {
  const { id, host } = identity;
  /** Since when this worker has renewed without a gap. */
  let steadySince = monotonic();
  let renewedAt = steadySince;
  return {
    async renew() {
      const late = monotonic() - renewedAt > lifeMillis;
      await change(
        knex,
        `insert into integration.worker_lease (worker_id, host, pid, session_name, expires_at)
         values (?, ?, ?, ?, clock_timestamp() + ? * interval '1 millisecond')
         on conflict (worker_id) do update set expires_at = excluded.expires_at`,
        [id, host, identity.pid, identity.sessionName, lifeMillis],
      );
      renewedAt = monotonic();
      if (late) steadySince = renewedAt;
    },

    async takeOver(adopt) {
      const now = monotonic();
      // Who was away itself, or without the database, or has just come, cannot say who else is gone: everybody gets the
      // life of a lease to come back.
      const judges = now - renewedAt <= lifeMillis && now - steadySince > lifeMillis;
      const gone = await goneFrom(knex, host);
      return knex.transaction(async (trx) => {
        const lost = await query<{ worker_id: string; session_name: string }>(
          trx,
          `select worker_id, session_name from integration.worker_lease
           where worker_id <> ? and ((? and expires_at < clock_timestamp()) or worker_id = any (?::text[]))
           for update skip locked`,
          [id, judges, gone],
        );
        for (const { worker_id, session_name } of lost) {
          await query(trx, 'select pg_terminate_backend(pid, 2000) from pg_stat_activity where application_name = ?', [
            session_name,
          ]);
          await adopt(worker_id);
          await change(trx, 'delete from integration.worker_lease where worker_id = ?', [worker_id]);
        }
        return lost.map((worker) => worker.worker_id);
      });
    },

    async giveUp() {
      await change(knex, 'update integration.worker_lease set expires_at = clock_timestamp() where worker_id = ?', [
        id,
      ]);
    },
  };
}

/** Workers of this host whose process does not exist any more: no need to wait until their leases run out. */
async function goneFrom(knex: Knex, host: string): Promise<string[]> {
  const here = await query<{ worker_id: string; pid: number }>(
    knex,
    'select worker_id, pid from integration.worker_lease where host = ?',
    [host],
  );
  return here.filter(({ pid }) => !exists(pid)).map((worker) => worker.worker_id);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
