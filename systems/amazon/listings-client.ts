import type { z } from 'zod';
import { chunk } from '../../platform/batch.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { badResponse } from '../client-kit/failure.ts';
import { type AmazonCall, type AmazonCalls, codeOf, isStatus } from './calls.ts';
import { downloadDocument, uploadDocument } from './documents.ts';
import { type AmazonIssue, type AmazonListing, documentCreated, feedCreated, feedDocument, feedReport, feedState, type ListingMessage, type ListingPatch, listing, listingsPage, submissionAnswer } from './listings-wire.ts'; // biome-ignore format: one line
import type { AmazonOperation } from './rates.ts';

export interface AmazonListingsOptions {
  /** Where the account sells, all in one currency. */
  readonly marketplaceIds: readonly string[];
  /** Amazon's name of the seller, such as A2EXAMPLE1. */
  readonly sellerId: string;
  /** Of one call, in milliseconds. */
  readonly timeoutMillis: number;
}

/** What became of a feed that is not worked on any more. */
export interface FeedOutcome {
  /** Milliseconds since 1970; null where Amazon does not say. */
  readonly endedAt: number | null;
  /** Codes by message of what was refused. */
  readonly refused: ReadonlyMap<number, string>;
  /** Why the feed as a whole has no effect, or nobody knows which; null when it was read. */
  readonly failure: string | null;
}

/**
 * The listings of a selling account at Amazon. Nothing is repeated here but pages. Every failure is a CommerceError, see `createSystemClient`.
 */
export interface AmazonListingsClient {
  readonly marketplaceIds: readonly string[];
  /** Null: the account has none of this SKU. */
  listing(sku: string, signal: AbortSignal): Promise<AmazonListing | null>;
  /** By SKU; what the account has not is missing. */
  listingsOf(skus: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, AmazonListing>>;
  /** All of the account, page by page, each once. */
  listings(signal: AbortSignal): AsyncIterable<readonly AmazonListing[]>;
  /** Accepted is not applied: the listing shows when it is. @returns code of what is wrong with it; null when it is worked on */
  patch(sku: string, productType: string, patch: ListingPatch, signal: AbortSignal): Promise<string | null>;
  /** Hands a feed in. @returns its id: it is worked on later */
  sendFeed(messages: readonly ListingMessage[], signal: AbortSignal): Promise<string>;
  /** Null while it is worked on. */
  feed(feedId: string, signal: AbortSignal): Promise<FeedOutcome | null>;
}

const SYSTEM = 'AMAZON';
const LISTINGS = '/listings/2021-08-01/items';
const FEEDS = '/feeds/2021-06-30';
const FEED_TYPE = 'JSON_LISTINGS_FEED';
const CONTENT_TYPE = 'application/json; charset=UTF-8';
/** Items of a page, and SKUs that are asked for at once, at most. */
const PAGE = 20;
const INCLUDED = 'summaries,offers,fulfillmentAvailability,issues';
const IN_WORK: readonly string[] = ['IN_QUEUE', 'IN_PROGRESS'];
/** Times that a page is asked for which Amazon puts off, or fails to give; the pause between, in milliseconds, doubles. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MILLIS = 1_000;
/** Above this, pages lead in a circle. */
const MOST_PAGES = 100_000;
/** Reports that are remembered: a report may be asked for only now and then, and its feed is looked at several times. */
const KEPT_REPORTS = 50;

export function createAmazonListingsClient(calls: AmazonCalls, options: AmazonListingsOptions): AmazonListingsClient {
  const { marketplaceIds, sellerId, timeoutMillis } = options;
  const seller = `${LISTINGS}/${encodeURIComponent(sellerId)}`;
  const inMarketplaces = { marketplaceIds: marketplaceIds.join(',') };
  const reports = new Map<string, z.output<typeof feedReport>>();

  /** A read that comes again when Amazon puts it off. */
  async function patiently<Answer extends z.ZodType>(operation: AmazonOperation, call: AmazonCall<Answer>) {
    for (let attempt = 1; ; attempt += 1)
      try {
        return await calls.soon(operation, call);
      } catch (error) {
        const mayCome = isCommerceError(error) && error.code === 'SYSTEM_UNAVAILABLE';
        if (!mayCome || attempt >= ATTEMPTS || call.signal?.aborted) throw error;
        await calls.pause(FIRST_PAUSE_MILLIS * 2 ** (attempt - 1), call.signal);
      }
  }
  const page = (query: Readonly<Record<string, string>>, signal: AbortSignal) => {
    const all = new URLSearchParams({ ...inMarketplaces, includedData: INCLUDED, pageSize: String(PAGE), ...query });
    return patiently('searchListingsItems', { method: 'GET', path: `${seller}?${all.toString()}`, answer: listingsPage, signal }); // biome-ignore format: one thought
  };

  async function one(sku: string, signal: AbortSignal): Promise<AmazonListing | null> {
    const query = new URLSearchParams({ ...inMarketplaces, includedData: INCLUDED });
    const path = `${seller}/${encodeURIComponent(sku)}?${query.toString()}`;
    try {
      return await calls.soon('getListingsItem', { method: 'GET', path, answer: listing, signal });
    } catch (error) {
      if (isStatus(error, 404)) return null;
      throw error;
    }
  }

  async function reportOf(documentId: string, signal: AbortSignal): Promise<z.output<typeof feedReport>> {
    const known = reports.get(documentId);
    if (known) return known;
    const path = `${FEEDS}/documents/${encodeURIComponent(documentId)}`;
    const { url, compressionAlgorithm } = await calls.soon('getFeedDocument', { method: 'GET', path, answer: feedDocument, signal }); // biome-ignore format: one thought
    const report = parseReport(await downloadDocument(url, compressionAlgorithm ?? null, timeoutMillis, signal));
    reports.set(documentId, report);
    const [oldest] = reports.keys();
    if (reports.size > KEPT_REPORTS && oldest !== undefined) reports.delete(oldest);
    return report;
  }

  return {
    marketplaceIds,
    listing: one,
    async listingsOf(skus, signal) {
      const found = new Map<string, AmazonListing>();
      // The list of SKUs is divided by commas: one that has a comma is asked for by itself.
      for (const sku of skus.filter((some) => some.includes(','))) {
        const known = await one(sku, signal);
        if (known) found.set(sku, known);
      }
      const others = skus.filter((sku) => !sku.includes(','));
      for (const some of chunk(others, PAGE)) {
        const { items } = await page({ identifiers: some.join(','), identifiersType: 'SKU' }, signal);
        for (const item of items) found.set(item.sku, item);
      }
      return found;
    },
    async *listings(signal) {
      const seen = new Set<string>();
      // Of one question only the first 1,000 answers can be had: the next begins where those end.
      for (let from: string | null = null, pages = 0; ; ) {
        const createdAfter: string | null = from;
        let [token, shown, fresh, total]: [string | null, number, number, number] = ['', 0, 0, 0];
        while (token !== null) {
          if (++pages > MOST_PAGES) throw badResponse(SYSTEM, 'nextToken');
          const { items, numberOfResults, pagination } = await page(
            { sortBy: 'createdDate', sortOrder: 'ASC', ...(createdAfter ? { createdAfter } : {}), ...(token === '' ? {} : { pageToken: token }) },
            signal,
          );
          const news = items.filter(({ sku }) => !seen.has(sku));
          for (const { sku } of news) seen.add(sku);
          [shown, fresh, total] = [shown + items.length, fresh + news.length, numberOfResults];
          from = earliestOf(items.at(-1)) ?? from;
          if (news.length > 0) yield news;
          token = pagination?.nextToken || null;
        }
        if (shown >= total) return;
        if (fresh === 0) throw badResponse(SYSTEM, 'createdDate');
      }
    }, // biome-ignore format: one thought
    async patch(sku, productType, patch, signal) {
      const query = new URLSearchParams({ ...inMarketplaces, includedData: 'issues' });
      const path = `${seller}/${encodeURIComponent(sku)}?${query.toString()}`;
      const body = { productType, patches: [patch] };
      const { status, issues } = await calls.soon('patchListingsItem', { method: 'PATCH', path, body, answer: submissionAnswer, signal }); // biome-ignore format: one thought
      return status === 'ACCEPTED' ? null : (errorIn(issues) ?? codeOf(status));
    },
    async sendFeed(messages, signal) {
      const created = await calls.soon('createFeedDocument', { method: 'POST', path: `${FEEDS}/documents`, body: { contentType: CONTENT_TYPE }, answer: documentCreated, signal }); // biome-ignore format: one thought
      // With `includedData` the report waits until the messages were worked on, not only until they were read.
      const feed = { header: { sellerId, version: '2.0', includedData: ['issues'] }, messages };
      await uploadDocument(created.url, CONTENT_TYPE, JSON.stringify(feed), timeoutMillis, signal);
      const body = { feedType: FEED_TYPE, marketplaceIds, inputFeedDocumentId: created.feedDocumentId };
      return (await calls.soon('createFeed', { method: 'POST', path: `${FEEDS}/feeds`, body, answer: feedCreated, signal })).feedId; // biome-ignore format: one thought
    },
    async feed(feedId, signal) {
      const path = `${FEEDS}/feeds/${encodeURIComponent(feedId)}`;
      const state = await calls.soon('getFeed', { method: 'GET', path, answer: feedState, signal });
      if (IN_WORK.includes(state.processingStatus)) return null;
      const endedAt = state.processingEndTime ? Date.parse(state.processingEndTime) : null;
      if (state.processingStatus !== 'DONE' || !state.resultFeedDocumentId)
        return { endedAt, refused: new Map(), failure: codeOf(`FEED_${state.processingStatus}`) };
      const { issues, summary } = await reportOf(state.resultFeedDocumentId, signal);
      const errors = (issues ?? []).filter(({ severity }) => severity === 'ERROR');
      const whole = errors.find(({ messageId }) => messageId === null || messageId === undefined);
      const refused = new Map(errors.flatMap(({ messageId, code }) => (messageId ? [[messageId, codeOf(code)] as const] : []))); // biome-ignore format: one thought
      const failure = whole ? codeOf(whole.code) : summary.messagesProcessed === 0 ? 'FEED_WITHOUT_MESSAGES' : null;
      return { endedAt, refused, failure };
    },
  };
}

/** The code of the first error; null when there is none. */
export function errorIn(issues: readonly AmazonIssue[] | null | undefined): string | null {
  const error = issues?.find(({ severity }) => severity === 'ERROR');
  return error ? codeOf(error.code) : null;
}

/** When a listing was made, in the marketplace that had it first. */
function earliestOf(item: AmazonListing | undefined): string | null {
  return item?.summaries?.flatMap(({ createdDate }) => createdDate ?? []).sort()[0] ?? null;
}

function parseReport(text: string): z.output<typeof feedReport> {
  try {
    return feedReport.parse(JSON.parse(text));
  } catch {
    throw badResponse(SYSTEM, 'report of a feed');
  }
}
