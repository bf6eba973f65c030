import { createHash } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import { type Clock, systemClock } from '../../../platform/clock.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { LruCache } from '../../planning/lru-cache.ts';
import { type KeySet, KeysUnavailable } from './key-set.ts';
import { readClaims, type TokenClaims } from './token-claims.ts';

/** Verified tokens remembered. A stream has its token looked at every second: a signature is checked once. */
const MAX_REMEMBERED = 10_000;

export interface TokenRules {
  /** The only `iss` that is accepted. */
  readonly issuer: string;
  /** The `aud` that must be among the token's. */
  readonly audience: string;
  /** Names of JWS algorithms; asymmetric ones only. */
  readonly algorithms: readonly string[];
  /** How far the issuer's clock may be from ours, in seconds. */
  readonly toleranceSeconds: number;
}

/** Checks a token and says what is in it. @throws CommerceError UNAUTHENTICATED, with what the client can do */
export type VerifyToken = (token: string) => Promise<TokenClaims>;

export function createVerifyToken(rules: TokenRules, keys: KeySet, clock: Clock = systemClock): VerifyToken {
  const remembered = new LruCache<{ claims: TokenClaims; until: number; generation: number }>(MAX_REMEMBERED);

  return async (token) => {
    const hash = createHash('sha256').update(token).digest('base64url');
    const known = remembered.get(hash);
    if (known && known.generation === keys.generation && clock.now().getTime() < known.until) return known.claims;
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        issuer: rules.issuer,
        audience: rules.audience,
        algorithms: [...rules.algorithms],
        clockTolerance: rules.toleranceSeconds,
        requiredClaims: ['exp'],
        currentDate: clock.now(),
      });
      const claims = readClaims(payload);
      const until = ((payload.exp ?? 0) + rules.toleranceSeconds) * 1_000;
      remembered.set(hash, { claims, until, generation: keys.generation });
      return claims;
    } catch (error) {
      throw error instanceof CommerceError ? error : refusal(error);
    }
  };
}

/** Tells what to do, and nothing about what would have been accepted: that is for the issuer's documentation. */
function refusal(error: unknown): CommerceError {
  return new CommerceError('UNAUTHENTICATED', reason(error), {}, { cause: error });
}

function reason(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired. Ask its issuer for a new one.';
  if (error instanceof KeysUnavailable) return 'The token cannot be checked at present. Try again in half a minute.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf') return 'The token is not valid yet. Check the clock of its issuer.';
    if (error.claim === 'exp') return 'The token has no expiry. Ask its issuer for one that has.';
    return 'The token is for another API. Ask its issuer for one with the audience of this API.';
  }
  return 'The token is not acceptable. Ask its issuer for a new one, signed for this API.';
}
