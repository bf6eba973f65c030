import { createHash, randomBytes } from 'node:crypto';
import type { Channel } from '../../platform/caller.ts';
import type { Knex } from '../../platform/db/database.ts';
import { change, query } from '../../platform/db/query.ts';
import { CHANNEL_COLUMNS, type ChannelRow, toChannel } from './channels.ts';
import { usualScopes } from './scopes.ts';

/** What an API key allows. */
export interface ApiKey {
  readonly clientId: string;
  readonly contracts: readonly string[];
  readonly channel: Channel | null;
  readonly customerId: string | null;
  readonly scopes: readonly string[];
  /** One of the well-known keys of a local installation. */
  readonly development: boolean;
}

export type NewApiKey = Pick<ApiKey, 'clientId' | 'contracts'> & {
  readonly channelCode: string | null;
  readonly customerId?: string | null;
  /** Left out: what the work behind the contracts usually takes. */
  readonly scopes?: readonly string[];
};

/**
 * Creates a key and returns it. This is the only time that anyone sees it: the database keeps its hash.
 * @throws Error when the channel does not exist
 */
export async function createApiKey(knex: Knex, key: NewApiKey): Promise<string> {
  const prefix = `csk_${randomBytes(5).toString('hex')}`;
  const secret = `${prefix}_${randomBytes(24).toString('base64url')}`;
  await insertApiKey(knex, { ...key, prefix, secret, development: false });
  return secret;
}

/** @returns false when there is no such key, or it was revoked before. Gateways notice within 5 s. */
export async function revokeApiKey(knex: Knex, prefix: string): Promise<boolean> {
  const statement = 'update integration.api_key set revoked_at = now() where prefix = ? and revoked_at is null';
  return (await change(knex, statement, [prefix])) > 0;
}

/** A key as people may see it: nothing here can be used as one. */
export interface ListedApiKey {
  readonly prefix: string;
  readonly clientId: string;
  readonly contracts: readonly string[];
  readonly channelCode: string | null;
  readonly customerId: string | null;
  /** Null: the usual ones of its contracts. */
  readonly scopes: readonly string[] | null;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

/** Every key there is or was, oldest first. */
export function listApiKeys(knex: Knex): Promise<ListedApiKey[]> {
  return query<ListedApiKey>(
    knex,
    `select prefix, client_id as "clientId", contracts, channel_code as "channelCode", customer_id as "customerId", scopes,
            created_at as "createdAt", revoked_at as "revokedAt"
       from integration.api_key order by created_at, prefix`,
  );
}

/** @param hash SHA-256 of what the client sent, in hex. Null when it is unknown or revoked. */
export async function findApiKey(knex: Knex, hash: string): Promise<ApiKey | null> {
  const [row] = await query<ApiKeyRow>(
    knex,
    `select k.client_id, k.contracts, k.customer_id, k.scopes, k.development, ${CHANNEL_COLUMNS}
       from integration.api_key k
       left join integration.channel c on c.code = k.channel_code
      where k.hash = decode(?, 'hex') and k.revoked_at is null`,
    [hash],
  );
  if (!row) return null;
  return {
    clientId: row.client_id,
    contracts: row.contracts,
    customerId: row.customer_id,
    scopes: row.scopes ?? usualScopes(row.contracts),
    development: row.development,
    channel: row.code === null ? null : toChannel(row),
  };
}

/** SHA-256 in hex. A key is 192 random bits: it needs neither salt nor a slow hash. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Adds a key unless its prefix is taken. */
export async function insertApiKey(
  knex: Knex,
  key: NewApiKey & { prefix: string; secret: string; development: boolean },
): Promise<void> {
  await change(
    knex,
    `insert into integration.api_key (prefix, hash, client_id, contracts, channel_code, customer_id, scopes, development)
     values (?, decode(?, 'hex'), ?, ?::text[], ?, ?, ?::text[], ?)
     on conflict (prefix) do nothing`,
    [
      key.prefix,
      hashOf(key.secret),
      key.clientId,
      key.contracts,
      key.channelCode,
      key.customerId ?? null,
      key.scopes ?? null,
      key.development,
    ],
  );
}

type ApiKeyRow = {
  client_id: string;
  contracts: string[];
  customer_id: string | null;
  scopes: string[] | null;
  development: boolean;
} & (ChannelRow | { code: null });
