import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { CALLER_HEADER, type Caller, decodeCaller, encodeCaller } from '../caller.ts';
import { type Clock, systemClock } from '../clock.ts';
import { CommerceError } from '../errors.ts';
import { randomText } from '../random-bytes.ts';

const SIGNATURE_HEADER = 'x-commerce-signature';
const TIME_HEADER = 'x-commerce-time';
const NONCE_HEADER = 'x-commerce-nonce';

/** How far the signer's clock may be from ours, in milliseconds. Also how long a captured request could be sent again to another process. */
const DEFAULT_TOLERANCE_MILLIS = 60_000;

/** The parts of a request that a signature covers. */
export interface SignedParts {
  readonly method: string;
  /** Path with search, as sent. */
  readonly path: string;
  readonly body: string | Uint8Array;
}

/**
 * Headers with which a gateway vouches for a request: for whom it is made, and that nobody changed it since.
 * @param secret shared by the gateway and the subgraphs; at least 32 characters
 */
export function signRequest(
  secret: string,
  request: SignedParts & { readonly caller: Caller },
  clock: Clock = systemClock,
): Record<string, string> {
  const caller = encodeCaller(request.caller);
  const time = String(clock.now().getTime());
  const nonce = randomText(NONCE_BYTES, 'base64url');
  return {
    [CALLER_HEADER]: caller,
    [TIME_HEADER]: time,
    [NONCE_HEADER]: nonce,
    [SIGNATURE_HEADER]: `v1=${mac(secret, request, { caller, time, nonce }).toString('hex')}`,
  };
}

export interface SignatureVerifierOptions {
  /** Any of them is accepted, so that a secret can be replaced without an interruption. */
  readonly secrets: readonly string[];
  readonly toleranceMillis?: number;
  readonly clock?: Clock;
}

/** Headers as node:http gives them. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Lets only signed requests of a gateway through, each once. */
export class SignatureVerifier {
  readonly #secrets: readonly string[];
  readonly #toleranceMillis: number;
  readonly #clock: Clock;
  // Two generations of nonces: each lives at least as long as its request would be accepted, and none for ever.
  #seen = new Set<string>();
  #seenBefore = new Set<string>();
  #generationEnds = 0;

  /** @throws RangeError when there is no secret, or one that is too short to resist guessing */
  constructor(options: SignatureVerifierOptions) {
    if (options.secrets.length === 0 || options.secrets.some((secret) => secret.length < 32)) {
      throw new RangeError('a signing secret must have at least 32 characters');
    }
    this.#secrets = options.secrets;
    this.#toleranceMillis = options.toleranceMillis ?? DEFAULT_TOLERANCE_MILLIS;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Checks a request before anything else looks at it.
   * @returns for whom the gateway makes the request
   * @throws CommerceError UNAUTHENTICATED; the message says what is wrong, for the log of an operator
   */
  verify(request: SignedParts & { readonly headers: Headers }): Caller {
    const caller = header(request.headers, CALLER_HEADER);
    const time = header(request.headers, TIME_HEADER);
    const nonce = header(request.headers, NONCE_HEADER);
    const signature = header(request.headers, SIGNATURE_HEADER);
    if (!/^\d{13}$/.test(time)) throw refused('the time is not in milliseconds');
    const now = this.#clock.now().getTime();
    if (Math.abs(now - Number(time)) > this.#toleranceMillis)
      throw refused('the request is too old or from the future');
    const given = Buffer.from(signature.replace(/^v1=/, ''), 'hex');
    const matches = this.#secrets.some((secret) => equal(given, mac(secret, request, { caller, time, nonce })));
    if (!matches) throw refused('the signature does not match');
    // After the signature: a stranger must not be able to fill this memory.
    if (!this.#isFirst(nonce, now)) throw refused('the request was received before');
    try {
      return decodeCaller(caller);
    } catch (error) {
      throw new CommerceError('UNAUTHENTICATED', 'the caller cannot be read', {}, { cause: error });
    }
  }

  #isFirst(nonce: string, now: number): boolean {
    if (now >= this.#generationEnds) {
      this.#seenBefore = this.#seen;
      this.#seen = new Set();
      this.#generationEnds = now + 2 * this.#toleranceMillis;
    }
    if (this.#seen.has(nonce) || this.#seenBefore.has(nonce)) return false;
    this.#seen.add(nonce);
    return true;
  }
}

const NONCE_BYTES = 16;

interface Envelope {
  readonly caller: string;
  readonly time: string;
  readonly nonce: string;
}

function mac(secret: string, request: SignedParts, { caller, time, nonce }: Envelope): Buffer {
  const body = hash('sha256', request.body, 'hex');
  // None of the parts can hold a line feed, so no two requests have the same text.
  const text = ['v1', request.method, request.path, time, nonce, caller, body].join('\n');
  return createHmac('sha256', secret).update(text).digest();
}

function equal(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function header(headers: Headers, name: string): string {
  const value = headers[name];
  if (typeof value !== 'string' || value === '') throw refused(`the header ${name} is missing`);
  return value;
}

function refused(reason: string): CommerceError {
  return new CommerceError('UNAUTHENTICATED', `Not a signed request of the gateway: ${reason}.`);
}
