import type { Knex } from 'knex';
import { change } from '../platform/db/query.ts';
import type { StoredEvent } from './port.ts';

/**
 * Makes an event have one effect: call it first in the transaction of the effect, and do nothing when it says false.
 * A second transaction with the same event waits here until the first has ended.
 *
 * @param consumer name of the group that handles the event: what is remembered is forgotten when the log no longer has the event
 * @returns true when this consumer has not handled the event before
 */
export async function once(
  trx: Knex.Transaction,
  consumer: string,
  event: Pick<StoredEvent, 'source' | 'id' | 'sequence'>,
): Promise<boolean> {
  const written = await change(
    trx,
    `insert into integration.consumed_event (consumer, source, event_id, sequence)
     values (?, ?, ?, split_part(?, '-', 2)::bigint)
     on conflict do nothing`,
    [consumer, event.source, event.id, event.sequence],
  );
  return written === 1;
}
