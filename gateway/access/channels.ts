import type { Channel } from '../../platform/caller.ts';
import type { Knex } from '../../platform/db/database.ts';
import { query } from '../../platform/db/query.ts';

/** The columns of a channel, to be selected from `integration.channel c`. */
export const CHANNEL_COLUMNS =
  'c.code, c.kind, c.name, c.price_list, c.currency_code, c.safety_stock, c.acknowledgement_hours';

export interface ChannelRow {
  code: string;
  kind: Channel['kind'];
  name: string;
  price_list: string;
  currency_code: string;
  safety_stock: number;
  acknowledgement_hours: number | null;
}

export function toChannel(row: ChannelRow): Channel {
  return {
    code: row.code,
    kind: row.kind,
    name: row.name,
    priceList: row.price_list,
    currencyCode: row.currency_code,
    safetyStock: row.safety_stock,
    acknowledgementHours: row.acknowledgement_hours,
  };
}

/** Null when there is no channel of this code. */
export async function findChannel(knex: Knex, code: string): Promise<Channel | null> {
  const [row] = await query<ChannelRow>(knex, `select ${CHANNEL_COLUMNS} from integration.channel c where c.code = ?`, [
    code,
  ]);
  return row ? toChannel(row) : null;
}

/** Codes of all channels, in order. */
export async function channelCodes(knex: Knex): Promise<readonly string[]> {
  const rows = await query<{ code: string }>(knex, 'select code from integration.channel order by code');
  return rows.map(({ code }) => code);
}

/** The contract that a channel of each kind speaks unless its credential says otherwise. */
export const CONTRACT_OF_KIND: Readonly<Record<Channel['kind'], string>> = {
  STOREFRONT: 'storefront',
  POINT_OF_SALE: 'point-of-sale',
  MARKETPLACE: 'marketplace',
  BUSINESS_TO_BUSINESS: 'business-to-business',
  SOCIAL: 'storefront',
};
