import type { Knex } from '../../platform/db/database.ts';
import { CommerceError } from '../../platform/errors.ts';
import { type ApiKey, findApiKey, hashOf } from './api-keys.ts';
import { CONTRACT_OF_KIND, findChannel } from './channels.ts';
import type { Authenticate, Credentials, Grant } from './grant.ts';
import { recent } from './recent.ts';
import type { TokenClaims } from './tokens/token-claims.ts';
import type { VerifyToken } from './tokens/verify-token.ts';

/** Longer texts are not keys of ours; hashing a megabyte for everyone who sends one would be a gift. */
const MAX_KEY_LENGTH = 200;
const MAX_TOKEN_LENGTH = 8_192;

export interface AuthenticateOptions {
  readonly knex: Knex;
  /** Refuses the well-known keys of a local installation, also when a database that has them is taken to production. */
  readonly production: boolean;
  /** Null: this installation takes no tokens. */
  readonly verifyToken?: VerifyToken | null;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/**
 * Authentication by API key (`x-api-key`) or bearer token (`authorization`), in headers or in the payload of
 * `connection_init`.
 */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { knex, production, verifyToken = null, now = () => performance.now() } = options;
  const keyOf = recent((hash) => findApiKey(knex, hash), now);
  const channelOf = recent((code) => findChannel(knex, code), now);

  const grantOfKey = async (key: string, traceId: string): Promise<Grant> => {
    const apiKey = key.length > MAX_KEY_LENGTH ? null : await keyOf(hashOf(key));
    if (!apiKey || (production && apiKey.development)) throw refused('The API key is unknown or was revoked.');
    return toGrant(apiKey, traceId);
  };

  const grantOfToken = async (token: string, traceId: string): Promise<Grant> => {
    if (!verifyToken) throw refused('Bearer tokens are not taken here. Send an API key in the header x-api-key.');
    if (token.length > MAX_TOKEN_LENGTH) throw refused('The token is too long.');
    const claims = await verifyToken(token);
    const channel = claims.channelCode === null ? null : await channelOf(claims.channelCode);
    if (claims.channelCode !== null && !channel) throw refused('There is no channel of the code in the token.');
    const contracts = claims.contracts ?? (channel ? [CONTRACT_OF_KIND[channel.kind]] : []);
    if (contracts.length === 0) throw refused('The token needs the claim channel, or the claim contracts.');
    return toGrant({ ...(claims satisfies TokenClaims), contracts, channel }, traceId);
  };

  return async (credentials, traceId) => {
    const { key, token } = readCredentials(credentials);
    if (key !== null && token !== null) throw refused('Send one credential: an API key or a bearer token, not both.');
    if (key !== null) return grantOfKey(key, traceId);
    if (token !== null) return grantOfToken(token, traceId);
    throw refused(
      'A credential is missing. Send an API key in the header x-api-key, or a bearer token in authorization.',
    );
  };
}

function readCredentials(credentials: Credentials): { key: string | null; token: string | null } {
  // Header names arrive in lower case; the payload of `connection_init` as its client spelled it.
  const field = (wanted: string): string | null => {
    const entry = Object.entries(credentials).find(([name]) => name.toLowerCase() === wanted);
    return typeof entry?.[1] === 'string' && entry[1] !== '' ? entry[1] : null;
  };
  // Another scheme is not for us: a proxy in front may have its own password.
  const token = /^bearer +(\S+) *$/i.exec(field('authorization') ?? '')?.[1] ?? null;
  return { key: field('x-api-key'), token };
}

type Rights = Pick<ApiKey, 'clientId' | 'contracts' | 'channel' | 'customerId' | 'scopes'>;

function toGrant(rights: Rights, traceId: string): Grant {
  const { contracts, clientId, channel, customerId, scopes } = rights;
  const [contract = ''] = contracts;
  return { contracts, caller: { contract, clientId, channel, customerId, scopes: [...scopes], traceId } };
}

function refused(message: string): CommerceError {
  return new CommerceError('UNAUTHENTICATED', message);
}
