import { createGunzip } from 'node:zlib';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { sleep } from '../../platform/clock.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { aborted, badResponse, refusedWith, timedOut, unavailable } from '../client-kit/failure.ts';
import {
  type AmazonEventGroup,
  type AmazonReport,
  anyPage,
  eventGroupsPage,
  reportDocument,
  reportsPage,
  tokenAnswer,
} from './wire.ts';

export interface AmazonClientOptions {
  /** Of the region, such as https://sellingpartnerapi-eu.amazon.com. */
  readonly baseUrl: string;
  /** Login with Amazon. */
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  /** Of one request, in milliseconds. */
  readonly timeoutMillis: number;
  /** Waits; tests pass their own. */
  readonly pause?: (millis: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * Amazon's Selling Partner API, as far as settlement needs it. Pages are followed to their end; asked to slow down (429), it
 * waits as Amazon says and asks again. Every method throws CommerceError SYSTEM_TIMEOUT, SYSTEM_UNAVAILABLE, SYSTEM_REJECTED or
 * SYSTEM_BAD_RESPONSE.
 */
export interface AmazonClient {
  /** Finished reports of a type that were made since a moment, in the order in which Amazon tells them. */
  reports(reportType: string, createdSince: Date, signal: AbortSignal): Promise<AmazonReport[]>;
  /** The bytes of a report, unpacked. */
  document(reportDocumentId: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Groups of financial events that began since a moment. */
  eventGroups(startedAfter: Date, signal: AbortSignal): Promise<AmazonEventGroup[]>;
  /** Answers of listTransactions about a group, each as it came: its amounts must not become JavaScript numbers. */
  transactionPages(eventGroupId: string, signal: AbortSignal): AsyncIterable<string>;
  /** Answers of listPayouts, each as it came. */
  payoutPages(createdAfter: Date, signal: AbortSignal): AsyncIterable<string>;
  close(): Promise<void>;
}

const SYSTEM = 'AMAZON';
/** Attempts of one request that Amazon asks to slow down: it allows one every two seconds once the burst is used up. */
const THROTTLED_ATTEMPTS = 8;
/** Of one that failed otherwise; whoever looks for statements comes again anyway. */
const ATTEMPTS = 3;
const FIRST_PAUSE_MILLIS = 1_000;
const LONGEST_PAUSE_MILLIS = 60_000;
/** A token is renewed before it ends. */
const TOKEN_MARGIN_MILLIS = 60_000;
/** More pages than any account has: a token that leads in a circle ends here. */
const MOST_PAGES = 10_000;

export function createAmazonClient(options: AmazonClientOptions): AmazonClient {
  const agent = new Agent({ connect: { timeout: options.timeoutMillis } });
  const pause = options.pause ?? sleep;
  let token: { readonly value: string; readonly until: number } | null = null;

  /** One request, repeated where that may help. @returns the body, not yet read */
  async function send(url: URL, init: { method?: 'POST'; body?: string; headers: Record<string, string> }, signal: AbortSignal) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(url, init, signal);
      } catch (error) {
        const details = isCommerceError(error) ? error.details : {};
        const maySucceed = isCommerceError(error) && (error.code === 'SYSTEM_UNAVAILABLE' || error.code === 'SYSTEM_TIMEOUT');
        if (!maySucceed || attempt >= (details.status === 429 ? THROTTLED_ATTEMPTS : ATTEMPTS) || signal.aborted) throw error;
        const wanted = Number(details.retryAfterMillis ?? FIRST_PAUSE_MILLIS * 2 ** (attempt - 1));
        await pause(Math.min(LONGEST_PAUSE_MILLIS, wanted), signal);
      }
    }
  } // biome-ignore format: one thought

  async function once(url: URL, init: { method?: 'POST'; body?: string; headers: Record<string, string> }, signal: AbortSignal) {
    const budget = AbortSignal.timeout(options.timeoutMillis);
    try {
      const answer = await request(url, { method: 'GET', ...init, dispatcher: agent, signal: AbortSignal.any([signal, budget]) });
      if (answer.statusCode < 400) return answer.body;
      const text = await answer.body.text();
      throw refusedWith(SYSTEM, answer.statusCode, errorOf(text), retryAfterMillis(answer.headers));
    } catch (error) {
      if (isCommerceError(error)) throw error;
      if (signal.aborted) throw aborted(SYSTEM);
      throw budget.aborted ? timedOut(SYSTEM, options.timeoutMillis) : unavailable(SYSTEM, 'connection', error);
    }
  } // biome-ignore format: one thought

  async function accessToken(signal: AbortSignal): Promise<string> {
    if (token && token.until > Date.now()) return token.value;
    const { clientId, clientSecret, refreshToken } = options;
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId, client_secret: clientSecret }); // biome-ignore format: one thought
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    const body = await send(new URL(options.loginUrl), { method: 'POST', body: form.toString(), headers }, signal);
    const { access_token, expires_in } = parse(tokenAnswer, await body.text());
    token = { value: access_token, until: Date.now() + expires_in * 1_000 - TOKEN_MARGIN_MILLIS };
    return access_token;
  }

  async function get(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string> {
    const url = new URL(options.baseUrl.replace(/\/$/, '') + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const headers = async () => ({ accept: 'application/json', 'x-amz-access-token': await accessToken(signal) });
    try {
      return await (await send(url, { headers: await headers() }, signal)).text();
    } catch (error) {
      // A token may end before its time; a new one is asked for once.
      const isRefused = isCommerceError(error) && error.code === 'SYSTEM_REJECTED' && [401, 403].includes(Number(error.details.status)); // biome-ignore format: one thought
      if (!isRefused || token === null) throw error;
      token = null;
      return (await send(url, { headers: await headers() }, signal)).text();
    }
  }

  /** Pages as they came, until one names no next. */
  async function* pages(
    path: string,
    query: Readonly<Record<string, string>>,
    nextQuery: (token: string) => Readonly<Record<string, string>>,
    tokenOf: (text: string) => string | null | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    let asked = query;
    for (let page = 0; page < MOST_PAGES; page++) {
      const text = await get(path, asked, signal);
      const next = tokenOf(text);
      yield text;
      if (!next) return;
      asked = nextQuery(next);
    }
    throw badResponse(SYSTEM, 'pages without an end');
  }

  function later(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): AsyncGenerator<string> {
    const tokenOf = (text: string) => {
      const page = parse(anyPage, text);
      return page.payload?.nextToken ?? page.nextToken;
    };
    return pages(path, query, (nextToken) => ({ ...query, nextToken }), tokenOf, signal);
  }

  return {
    async reports(reportType, createdSince, signal) {
      const query = { reportTypes: reportType, processingStatuses: 'DONE', pageSize: '100', createdSince: createdSince.toISOString() }; // biome-ignore format: one thought
      const found: AmazonReport[] = [];
      // The token is the only parameter of the next page.
      const tokenOf = (text: string) => parse(reportsPage, text).nextToken;
      for await (const text of pages('/reports/2021-06-30/reports', query, (nextToken) => ({ nextToken }), tokenOf, signal))
        found.push(...parse(reportsPage, text).reports); // biome-ignore format: one thought
      return found;
    },

    async *document(reportDocumentId, signal) {
      const path = `/reports/2021-06-30/documents/${encodeURIComponent(reportDocumentId)}`;
      const { url, compressionAlgorithm } = parse(reportDocument, await get(path, {}, signal));
      if (compressionAlgorithm !== undefined && compressionAlgorithm !== 'GZIP')
        throw badResponse(SYSTEM, 'compression');
      // The address carries its own permission: no token goes there.
      const body = await send(new URL(url), { headers: {} }, signal);
      yield* compressionAlgorithm === 'GZIP' ? body.pipe(createGunzip()) : body;
    },

    async eventGroups(startedAfter, signal) {
      const query = { FinancialEventGroupStartedAfter: startedAfter.toISOString(), MaxResultsPerPage: '100' };
      const found: AmazonEventGroup[] = [];
      const tokenOf = (text: string) => parse(eventGroupsPage, text).payload.NextToken;
      const next = (NextToken: string) => ({ ...query, NextToken });
      for await (const text of pages('/finances/v0/financialEventGroups', query, next, tokenOf, signal))
        found.push(...parse(eventGroupsPage, text).payload.FinancialEventGroupList);
      return found;
    },

    transactionPages: (eventGroupId, signal) =>
      later(
        '/finances/2024-06-19/transactions',
        { relatedIdentifierName: 'FINANCIAL_EVENT_GROUP_ID', relatedIdentifierValue: eventGroupId },
        signal,
      ),
    payoutPages: (createdAfter, signal) =>
      later('/finances/transfers/2024-06-01/payouts', { createdAfter: createdAfter.toISOString() }, signal),
    close: () => agent.destroy(),
  };
}

function parse<Answer extends z.ZodType>(schema: Answer, text: string): z.output<Answer> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw badResponse(SYSTEM, 'not-json');
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw badResponse(SYSTEM, `shape of ${parsed.error.issues[0]?.path.join('.') || 'the answer'}`);
  return parsed.data;
}

const errorList = z.object({ errors: z.array(z.object({ code: z.string() })).min(1) });

/** Amazon's list of errors in the form of ours: the code only, its texts may name a buyer. */
function errorOf(text: string): unknown {
  try {
    const parsed = errorList.safeParse(JSON.parse(text));
    const code = parsed.data?.errors[0]?.code.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
    return code === undefined ? null : { error: { code } };
  } catch {
    return null;
  }
}

/** What Amazon asks for: seconds to wait, or how many requests a second it allows. */
function retryAfterMillis(headers: Readonly<Record<string, string | string[] | undefined>>): number | null {
  const seconds = Number.parseFloat(String(headers['retry-after'] ?? ''));
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  const rate = Number.parseFloat(String(headers['x-amzn-ratelimit-limit'] ?? ''));
  return Number.isFinite(rate) && rate > 0 ? 1_000 / rate : null;
}
