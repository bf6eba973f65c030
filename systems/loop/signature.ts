import { createHmac, timingSafeEqual } from 'node:crypto';
import { CommerceError } from '../../platform/errors.ts';

/** A call that says it is a webhook, as it came. */
export interface SignedCall {
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The bytes that were sent: the signature is over these. */
  readonly body: Buffer;
}

/**
 * Checks that Loop sent a call. The signature has no time: whoever captured a call can send it again, so that what it says has
 * to have no second effect.
 * @throws CommerceError UNAUTHENTICATED; the message says what is wrong, without values
 */
export function verifyLoopSignature({ headers, body }: SignedCall, secret: string): void {
  const given = headers['x-loop-signature'];
  if (typeof given !== 'string') throw refused('it is not signed');
  const [ours, theirs] = [Buffer.from(loopSignature(secret, body)), Buffer.from(given)];
  if (ours.length !== theirs.length || !timingSafeEqual(ours, theirs)) throw refused('its signature does not match');
}

/** The signature of a body, as its header says it. */
export function loopSignature(secret: string, body: string | Buffer): string {
  return createHmac('sha256', secret).update(body).digest('base64');
}

function refused(reason: string): CommerceError {
  return new CommerceError('UNAUTHENTICATED', `Not a webhook of Loop: ${reason}.`);
}
