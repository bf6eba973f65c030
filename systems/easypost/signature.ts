import { createHmac, timingSafeEqual } from 'node:crypto';
import { CommerceError } from '../../platform/errors.ts';

/** A call that says it is a webhook, as it came. */
export interface SignedCall {
  readonly method: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The bytes that were sent: signatures are over these. */
  readonly body: Buffer;
}

/** How far the time of a call may be from ours. */
const TOLERANCE_MILLIS = 300_000;
const PREFIX = 'hmac-sha256-hex=';

/**
 * Checks that EasyPost sent a call. Its second signature is over time, method, path and body, and good for five minutes; where a call
 * has none, the first counts, which is over the body alone: such a call can be repeated by others, so that events have to be
 * known by their ids.
 * @throws CommerceError UNAUTHENTICATED; the message says what is wrong, without values
 */
export function verifySignature({ method, headers, body }: SignedCall, secret: string, now: Date): void {
  const second = headers['x-hmac-signature-v2'];
  if (second === undefined) {
    compare(headers['x-hmac-signature'], secret, [body]);
    return;
  }
  const [time, path] = [headers['x-timestamp'], headers['x-path']];
  if (typeof time !== 'string' || typeof path !== 'string') throw refused('its time or path is missing');
  compare(second, secret, [time, method.toUpperCase(), path, body]);
  const age = Math.abs(now.getTime() - Date.parse(time));
  if (!(age <= TOLERANCE_MILLIS)) throw refused('it is too old, or from the future');
}

/** The signature of a call, as its header says it. */
export function signatureOf(secret: string, parts: readonly (string | Buffer)[]): string {
  const mac = createHmac('sha256', secret.normalize('NFKD'));
  for (const part of parts) mac.update(part);
  return PREFIX + mac.digest('hex');
}

function compare(given: SignedCall['headers'][string], secret: string, parts: readonly (string | Buffer)[]): void {
  if (typeof given !== 'string') throw refused('it is not signed');
  const [ours, theirs] = [Buffer.from(signatureOf(secret, parts)), Buffer.from(given)];
  if (ours.length !== theirs.length || !timingSafeEqual(ours, theirs)) throw refused('its signature does not match');
}

function refused(reason: string): CommerceError {
  return new CommerceError('UNAUTHENTICATED', `Not a webhook of EasyPost: ${reason}.`);
}
