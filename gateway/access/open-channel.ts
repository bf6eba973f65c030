import type { Channel } from '../../platform/caller.ts';
import type { Knex } from '../../platform/db/database.ts';
import { change } from '../../platform/db/query.ts';
import { createApiKey, type NewApiKey } from './api-keys.ts';

/** A channel and its first key. */
export interface NewChannel {
  readonly channel: Channel;
  readonly key: Omit<NewApiKey, 'channelCode'>;
}

/**
 * Creates a channel and its first key, both or none.
 * @returns the key, which nobody will see again; null when there is a channel of this code: nothing was changed
 */
export async function openChannel(knex: Knex, { channel, key }: NewChannel): Promise<string | null> {
  return knex.transaction(async (trx) => {
    const added = await change(
      trx,
      `insert into integration.channel (code, kind, name, price_list, currency_code, safety_stock, acknowledgement_hours)
       values (?, ?, ?, ?, ?, ?, ?)
       on conflict (code) do nothing`,
      [
        channel.code,
        channel.kind,
        channel.name,
        channel.priceList,
        channel.currencyCode,
        channel.safetyStock,
        channel.acknowledgementHours,
      ],
    );
    return added === 0 ? null : createApiKey(trx, { ...key, channelCode: channel.code });
  });
}
