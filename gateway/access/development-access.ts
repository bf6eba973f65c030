import type { Knex } from '../../platform/db/database.ts';
import { change } from '../../platform/db/query.ts';
import { insertApiKey } from './api-keys.ts';

interface DevelopmentChannel {
  readonly code: string;
  readonly kind: string;
  readonly name: string;
  readonly safetyStock: number;
  readonly acknowledgementHours: number | null;
}

const CHANNELS: readonly DevelopmentChannel[] = [
  { code: 'WEB', kind: 'STOREFRONT', name: 'Web shop', safetyStock: 0, acknowledgementHours: null },
  { code: 'POS', kind: 'POINT_OF_SALE', name: 'Stores', safetyStock: 0, acknowledgementHours: null },
  { code: 'AMAZON', kind: 'MARKETPLACE', name: 'Amazon', safetyStock: 2, acknowledgementHours: 4 },
  { code: 'B2B', kind: 'BUSINESS_TO_BUSINESS', name: 'Business customers', safetyStock: 0, acknowledgementHours: null },
];

/** The keys of the local default, by the contract they speak. Everybody knows them: production refuses them. */
export const DEVELOPMENT_KEYS: Readonly<Record<string, { readonly key: string; readonly channelCode: string | null }>> =
  {
    storefront: { key: 'dev-storefront', channelCode: 'WEB' },
    'point-of-sale': { key: 'dev-point-of-sale', channelCode: 'POS' },
    marketplace: { key: 'dev-marketplace', channelCode: 'AMAZON' },
    'business-to-business': { key: 'dev-business-to-business', channelCode: 'B2B' },
    warehouse: { key: 'dev-warehouse', channelCode: null },
    finance: { key: 'dev-finance', channelCode: null },
    operations: { key: 'dev-operations', channelCode: null },
  };

/** Creates the channels and keys of the local default; what exists already stays as it is. Never call it in production. */
export async function seedDevelopmentAccess(knex: Knex): Promise<void> {
  await knex.transaction(async (trx) => {
    for (const channel of CHANNELS) {
      await change(
        trx,
        `insert into integration.channel (code, kind, name, price_list, currency_code, safety_stock, acknowledgement_hours)
         values (?, ?, ?, ?, 'GBP', ?, ?)
         on conflict (code) do nothing`,
        [channel.code, channel.kind, channel.name, channel.code, channel.safetyStock, channel.acknowledgementHours],
      );
    }
    for (const [contract, { key, channelCode }] of Object.entries(DEVELOPMENT_KEYS)) {
      const client = { clientId: key, contracts: [contract], channelCode };
      await insertApiKey(trx, { ...client, prefix: key, secret: key, development: true });
    }
  });
}
