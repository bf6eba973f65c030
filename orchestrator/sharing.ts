import { createHash } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import type pg from 'pg';
import { databaseFailure } from '../platform/db/failure.ts';

/** How the living workers divide the orders among themselves. */
export interface Sharing {
  /** The queue of the worker that is to run this order's workflows. Undefined: this one, at once and past any queue. */
  queueFor(orderId: string): string | undefined;
  /**
   * Learns who lives, and takes over what has waited too long in another's queue: that worker froze, is gone, or has more
   * than it can begin. Comes every second.
   *
   * @param executorIds of all living workers
   */
  look(executorIds: readonly string[]): Promise<void>;
  /** Takes what a worker that is gone had not begun, and sends it nothing more. What it had begun goes on as `spread` says. */
  forget(executorId: string): Promise<void>;
  /** Workflow ids by the queue in which their worker finds them. */
  spread(workflowIds: readonly string[]): ReadonlyMap<string, string[]>;
  /** Is sent nothing more: others see it within a second, and fetch what comes meanwhile. */
  leave(): Promise<void>;
}

/** How often a worker looks into its queue: what an order may wait that another worker's consumption read. */
const QUEUE_POLL_MILLIS = 200;
/** What has waited for so long is not going to be begun by its worker soon: with the others' looks it is begun within 5 s. */
const PATIENCE_MILLIS = 3_000;

/** Workers of another version would leave our workflows alone: their queues have other names. */
const prefixOf = (version: string) => `orders:${version}:`;

/** @returns the queue of a worker, in which the others put what is its share; it listens to no other */
export function ownQueue(version: string, executorId: string): string {
  return `${prefixOf(version)}${executorId}`;
}

/** One of the queues, the same for the same key: all workflows of an order are begun by one worker, in the order of their events. */
export function chosenFor(key: string, queues: readonly string[]): string | undefined {
  return queues[createHash('sha256').update(key).digest().readUInt32BE(0) % queues.length];
}

/**
 * Enters this worker among those that share. The engine must have been launched, listening to `ownQueue` only.
 *
 * @throws CommerceError DATABASE_UNAVAILABLE
 */
export async function joinSharing(pool: pg.Pool, version: string, executorId: string): Promise<Sharing> {
  const own = ownQueue(version, executorId);
  const enter = () => DBOS.registerQueue(own, { minPollingIntervalMs: QUEUE_POLL_MILLIS, onConflict: 'always_update' });
  /** Queues of the living, in the order that all of them know. Alone until `look` says otherwise. */
  let queues: readonly string[] = [own];
  let isLeaving = false;
  await enter().catch((error) => {
    throw databaseFailure(error);
  });

  /** Only what nobody has begun: whoever is just fetching it keeps it, as the row is locked and then no longer ENQUEUED. */
  const take = (condition: string, value: string | number) =>
    pool.query(
      `update dbos.workflow_status set queue_name = $1, updated_at = (extract(epoch from now()) * 1000)::bigint
       where status = 'ENQUEUED' and queue_name <> $1 and starts_with(queue_name, $2) and ${condition}`,
      [own, prefixOf(version), value],
    );

  return {
    queueFor(orderId) {
      const queue = chosenFor(orderId, queues);
      return queue === own ? undefined : queue;
    },

    async look(executorIds) {
      if (isLeaving) return;
      const known = new Set((await DBOS.listQueues()).map(({ name }) => name));
      if (!known.has(own)) await enter(); // it was thought to be gone, and is back
      const living = executorIds
        .map((id) => ownQueue(version, id))
        .filter((queue) => queue === own || known.has(queue));
      queues = living.length > 0 ? living.sort() : [own];
      await take('updated_at < (extract(epoch from now()) * 1000)::bigint - $3', PATIENCE_MILLIS);
    },

    async forget(gone) {
      const queue = ownQueue(version, gone);
      queues = queues.filter((other) => other !== queue);
      if (queues.length === 0) queues = [own];
      const names = (await DBOS.listQueues()).map(({ name }) => name); // its version may be another
      for (const name of names.filter((one) => one.endsWith(`:${gone}`))) await DBOS.deleteQueue(name);
      await take('queue_name = $3', queue);
    },

    spread(workflowIds) {
      const shares = new Map<string, string[]>();
      for (const id of workflowIds) {
        const queue = chosenFor(id, queues) ?? own;
        shares.set(queue, [...(shares.get(queue) ?? []), id]);
      }
      return shares;
    },

    async leave() {
      isLeaving = true;
      queues = [own];
      // Without the engine, which would wait for a database that is away. The others find what is left by its age.
      await pool.query('delete from dbos.queues where name = $1', [own]).catch(() => undefined);
    },
  };
}
