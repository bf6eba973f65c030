import { createPublicKey, verify } from 'node:crypto';
import { CommerceError } from '../../platform/errors.ts';
import type { PublishedKey } from './wire.ts';

/** A call that says it is a webhook, as it came. */
export interface SignedCall {
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The bytes that were sent: the signature is over these, after the time. */
  readonly body: Buffer;
}

/** How far the time of a call may be from ours. */
const TOLERANCE_MILLIS = 300_000;

/**
 * Checks that ShipEngine sent a call, not long ago.
 * @param keyOf the published key of a name
 * @throws CommerceError UNAUTHENTICATED; the message says what is wrong, without values. Whatever `keyOf` throws
 */
export function verifyShipEngine({ headers, body }: SignedCall, keyOf: (kid: string) => PublishedKey, now: Date): void {
  const kid = headers['x-shipengine-rsa-sha256-key-id'];
  const signature = headers['x-shipengine-rsa-sha256-signature'];
  const time = headers['x-shipengine-timestamp'];
  if (typeof kid !== 'string' || typeof signature !== 'string' || typeof time !== 'string')
    throw refused('it is not signed');
  if (!(Math.abs(now.getTime() - Date.parse(time)) <= TOLERANCE_MILLIS))
    throw refused('it is too old, or from the future');
  const signed = Buffer.concat([Buffer.from(`${time}.`), body]);
  if (!isSignedBy(keyOf(kid), signed, Buffer.from(signature, 'base64'))) throw refused('its signature does not match');
}

function isSignedBy(key: PublishedKey, signed: Buffer, signature: Buffer): boolean {
  // Only RSA: a key of another kind would make it another check.
  if (key.kty !== 'RSA') return false;
  return verify('sha256', signed, createPublicKey({ key, format: 'jwk' }), signature);
}

function refused(reason: string): CommerceError {
  return new CommerceError('UNAUTHENTICATED', `Not a webhook of ShipEngine: ${reason}.`);
}
