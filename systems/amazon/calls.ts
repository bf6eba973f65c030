import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { sleep } from '../../platform/clock.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { unavailable } from '../client-kit/failure.ts';
import { keptToken } from '../client-kit/kept-token.ts';
import { createPace, type Pace, type Rate } from '../client-kit/pace.ts';
import { behindCircuits, type SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemCall } from '../client-kit/system-client.ts';
import { AMAZON_RATES, type AmazonOperation } from './rates.ts';
import { tokenAnswer } from './wire.ts';

export interface AmazonCallsOptions {
  /** Of the region, such as https://sellingpartnerapi-eu.amazon.com. */
  readonly baseUrl: string;
  /** Login with Amazon. */
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  /** Of one call, in milliseconds. */
  readonly timeoutMillis: number;
  /** Default: as published. */
  readonly rates?: Partial<Record<AmazonOperation, Rate>>;
  /** Milliseconds since 1970, and how to wait; tests pass their own. */
  readonly now?: () => number;
  readonly pause?: (millis: number, signal?: AbortSignal) => Promise<void>;
}

export type AmazonCall<Answer extends z.ZodType> = Omit<
  SystemCall<Answer>,
  'authorization' | 'headers' | 'onHeaders' | 'repeatable'
>;

/**
 * The operations of a selling account at Amazon, each at its own rate; one access token for all. None is repeated, but for
 * a token that ended early. Every failure is a CommerceError, see `createSystemClient`.
 */
export interface AmazonCalls {
  /** One call of an operation, whose time has come. */
  now<Answer extends z.ZodType>(operation: AmazonOperation, call: AmazonCall<Answer>): Promise<z.output<Answer>>;
  /** The same after waiting for its time. What would have to wait longer than a call may take is SYSTEM_UNAVAILABLE. */
  soon<Answer extends z.ZodType>(operation: AmazonOperation, call: AmazonCall<Answer>): Promise<z.output<Answer>>;
  /** How long the next call of an operation has to wait, in milliseconds. */
  waitMillis(operation: AmazonOperation): number;
  pause(millis: number, signal?: AbortSignal): Promise<void>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
}

const SYSTEM = 'AMAZON';

export function createAmazonCalls(options: AmazonCallsOptions): AmazonCalls {
  const { baseUrl, timeoutMillis, now = Date.now, pause = sleep } = options;
  const policy = { token: '', timeoutMillis, attempts: 1, errorIn };
  const client = createSystemClient(SYSTEM, { ...policy, baseUrl });
  const login = new URL(options.loginUrl);
  const door = createSystemClient(SYSTEM, { ...policy, attempts: 3, baseUrl: login.origin });
  const access = keptToken(async () => {
    const { clientId: client_id, clientSecret: client_secret, refreshToken: refresh_token } = options;
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id, client_secret });
    const answer = await door.call({ method: 'POST', path: login.pathname, body, authorization: null, answer: tokenAnswer, repeatable: true }); // biome-ignore format: one thought
    return { token: answer.access_token, seconds: answer.expires_in };
  }, now);
  const paces = new Map<AmazonOperation, Pace>();
  for (const operation of Object.keys(AMAZON_RATES) as AmazonOperation[])
    paces.set(operation, createPace(options.rates?.[operation] ?? AMAZON_RATES[operation], now));
  const paceOf = (operation: AmazonOperation) => paces.get(operation) as Pace;

  /** @param isCounted its turn was taken before it waited for it */
  async function call<Answer extends z.ZodType>(operation: AmazonOperation, wanted: AmazonCall<Answer>, isCounted: boolean) {
    const pace = paceOf(operation);
    const once = (token: string) =>
      client.call({
        ...wanted,
        authorization: null,
        headers: { 'x-amz-access-token': token },
        onHeaders: (headers) => pace.allow(allowedIn(headers)),
        repeatable: false,
      });
    if (!isCounted) pace.count();
    const token = await access.token();
    try {
      return await once(token);
    } catch (error) {
      if (isStatus(error, 429)) pace.empty();
      if (!isStatus(error, 401) && !isStatus(error, 403)) throw error;
      access.forget(token); // it ended before its time; another is asked for once
      pace.count();
      return once(await access.token());
    }
  } // biome-ignore format: one thought

  return {
    now: (operation, wanted) => call(operation, wanted, false),
    async soon(operation, wanted) {
      const pace = paceOf(operation);
      const wait = pace.waitMillis();
      if (wait >= timeoutMillis) throw unavailable(SYSTEM, 'rate-limited');
      pace.count(); // before it waits: who comes meanwhile waits behind it
      if (wait > 0) await pause(wait, wanted.signal);
      return call(operation, wanted, true);
    },
    waitMillis: (operation) => paceOf(operation).waitMillis(),
    pause,
    statistics: () => behindCircuits(client.statistics(), door.statistics()),
    close: async () => {
      await Promise.all([client.close(), door.close()]);
    },
  };
}

export const isStatus = (error: unknown, status: number) => isCommerceError(error) && error.details.status === status;

/** Calls of the operation in a second that Amazon says it allows; NaN where it does not say. */
const allowedIn = (headers: IncomingHttpHeaders) => Number.parseFloat(String(headers['x-amzn-ratelimit-limit'] ?? ''));

const listed = z.object({ errors: z.array(z.object({ code: z.string() })).min(1) });
const loginError = z.object({ error: z.string() });

/** Amazon's list of errors, or that of its login, in the form of ours. Only the code is taken: texts may name a buyer. */
function errorIn(answer: unknown): unknown {
  const code = listed.safeParse(answer).data?.errors[0]?.code ?? loginError.safeParse(answer).data?.error;
  return code === undefined ? null : { error: { code: codeOf(code) } };
}

/** One of Amazon's codes as ours are written; one that is a number gets a letter in front. */
export function codeOf(code: string): string {
  const words = code.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  return words.replaceAll(/[^A-Z0-9]+/g, '_').replace(/^(?=[^A-Z])/, 'A').slice(0, 64); // biome-ignore format: one thought
}
