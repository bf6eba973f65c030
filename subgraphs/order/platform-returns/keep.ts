import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { HeardReturn, ReturnPlatform } from '../port.ts';

/** Phases after which a platform says nothing new. */
const LAST: ReadonlySet<string> = new Set(['WITHDRAWN', 'EXPIRED', 'ENDED']);

/**
 * Keeps what a platform said of a return until it is taken. What it said before has no effect again; what comes after a last word and is none
 * itself was said before it: messages have no moment, and come in any order.
 */
export async function keepReturn(
  knex: Knex,
  account: string,
  platform: Pick<ReturnPlatform, 'read'>,
  { externalId, record }: HeardReturn,
): Promise<void> {
  await inTransaction(knex, async (trx) => {
    const [known] = await query<{ record: unknown }>(
      trx,
      'select record from orders.platform_return where account = ? and external_id = ? for update',
      [account, externalId],
    );
    const [before, now] = [known && platform.read(known.record), platform.read(record)];
    if (before && 'phase' in before && LAST.has(before.phase) && 'phase' in now && !LAST.has(now.phase)) return;
    await query(
      trx,
      `insert into orders.platform_return as known (account, external_id, record) values (?, ?, ?::jsonb)
       on conflict (account, external_id) do update set record = excluded.record, heard_at = now(), due_at = now()
         where known.record is distinct from excluded.record`,
      [account, externalId, JSON.stringify(record)],
    );
  });
}
