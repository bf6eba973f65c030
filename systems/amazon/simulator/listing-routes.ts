import type { Rate } from '../../client-kit/pace.ts';
import type { ListingPatch } from '../listings-wire.ts';
import type { AmazonOperation } from '../rates.ts';
import { type AmazonListings, accept, patchListing, problemOf, type StoredFeed, shownListing, workOn } from './listings.ts'; // biome-ignore format: one line
import { type Answer, type Request, refusal, usagePlans } from './usage-plans.ts';

export interface ListingRoutesOptions {
  readonly listings: AmazonListings;
  readonly sellerId: string;
  /** Where documents are put and had. */
  readonly url: string;
  readonly rates?: Partial<Record<AmazonOperation, Rate>> | undefined;
  readonly now?: (() => number) | undefined;
  /** What is wrong with a message by the published model; null when nothing is. */
  readonly check: (operation: AmazonOperation, message: unknown) => string | null;
}

const FEEDS = '/feeds/2021-06-30';
const LISTINGS = /^\/listings\/2021-08-01\/items\/([^/]+)(?:\/([^/]+))?$/;
const PAGE = 20;

/** The listings items and feeds APIs over a seller's listings. What is told is accepted, and applied when the listings `work`. */
export function listingRoutes({ listings, sellerId, url, rates, now = Date.now, check }: ListingRoutesOptions) {
  const within = usagePlans(rates, now);
  let numbers = 0;

  function operationOf({ method, asked: { pathname } }: Request): AmazonOperation | null {
    const [, , sku] = LISTINGS.exec(pathname) ?? [];
    if (LISTINGS.test(pathname)) {
      if (method === 'GET') return sku === undefined ? 'searchListingsItems' : 'getListingsItem';
      return method === 'PATCH' ? 'patchListingsItem' : null;
    }
    if (method === 'POST' && pathname === `${FEEDS}/documents`) return 'createFeedDocument';
    if (method === 'POST' && pathname === `${FEEDS}/feeds`) return 'createFeed';
    if (method === 'GET' && pathname.startsWith(`${FEEDS}/feeds/`)) return 'getFeed';
    return method === 'GET' && pathname.startsWith(`${FEEDS}/documents/`) ? 'getFeedDocument' : null;
  }

  function search({ searchParams }: URL): Answer {
    const query = Object.fromEntries(searchParams);
    const lists = ['marketplaceIds', 'includedData', 'identifiers'].flatMap((name) => (query[name] === undefined ? [] : [[name, query[name].split(',')]])); // biome-ignore format: one thought
    if (
      check('searchListingsItems', { ...query, ...Object.fromEntries(lists), pageSize: Number(query.pageSize) }) !==
      null
    )
      return refusal(400, 'InvalidInput');
    const named = query.identifiers?.split(',');
    if (named && query.identifiersType !== 'SKU') return refusal(400, 'InvalidInput');
    const wanted = [...listings.items.values()]
      .filter(({ sku }) => named?.includes(sku) ?? true)
      .filter(({ createdAt }) => createdAt >= (query.createdAfter ?? ''))
      .sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
    const from = Number(query.pageToken ?? 0);
    const next = from + Math.min(PAGE, Number(query.pageSize ?? 10));
    const items = wanted.slice(0, listings.mostShown).slice(from, next).map(shownListing);
    const isMore = next < Math.min(wanted.length, listings.mostShown);
    return { status: 200, body: { numberOfResults: wanted.length, items, ...(isMore ? { pagination: { nextToken: String(next) } } : {}) } }; // biome-ignore format: one thought
  }

  function patch(sku: string, body: string): Answer {
    const message = JSON.parse(body) as { patches: ListingPatch[] };
    if (check('patchListingsItem', message) !== null) return refusal(400, 'InvalidInput');
    const problem = problemOf(listings, sku, message.patches);
    if (!problem) accept(listings, () => patchListing(listings, sku, message.patches));
    const issues = problem ? [{ ...problem, message: `the server says ${problem.code}`, categories: [] }] : [];
    return { status: 200, body: { sku, status: problem ? 'INVALID' : 'ACCEPTED', submissionId: `submission-${++numbers}`, issues } }; // biome-ignore format: one thought
  }

  function createFeed(body: string): Answer {
    const message = JSON.parse(body) as { inputFeedDocumentId: string; feedType: string };
    if (check('createFeed', message) !== null || message.feedType !== 'JSON_LISTINGS_FEED')
      return refusal(400, 'InvalidInput');
    if (!listings.documents.get(message.inputFeedDocumentId)) return refusal(400, 'InvalidInput');
    const id = `feed-${++numbers}`;
    const feed: StoredFeed = { status: 'IN_QUEUE', documentId: message.inputFeedDocumentId, createdAt: new Date().toISOString(), endedAt: null, resultId: null }; // biome-ignore format: one feed
    listings.feeds.set(id, feed);
    accept(listings, () => workOn(listings, feed));
    return { status: 202, body: { feedId: id } };
  }

  function feedOf(id: string): Answer {
    const feed = listings.feeds.get(id);
    if (!feed) return refusal(404, 'NotFound');
    const ended = feed.endedAt === null ? {} : { processingEndTime: feed.endedAt };
    const result = feed.resultId === null ? {} : { resultFeedDocumentId: feed.resultId };
    return { status: 200, body: { feedId: id, feedType: 'JSON_LISTINGS_FEED', createdTime: feed.createdAt, processingStatus: feed.status, ...ended, ...result } }; // biome-ignore format: one thought
  }

  function answered(operation: AmazonOperation, { asked, body }: Request): Answer {
    const last = decodeURIComponent(asked.pathname.split('/').at(-1) ?? '');
    switch (operation) {
      case 'getListingsItem': {
        const item = listings.items.get(last);
        return item ? { status: 200, body: shownListing(item) } : refusal(404, 'NotFound');
      }
      case 'patchListingsItem':
        return patch(last, body);
      case 'createFeedDocument': {
        if (check('createFeedDocument', JSON.parse(body)) !== null) return refusal(400, 'InvalidInput');
        const feedDocumentId = `document-${++numbers}`;
        listings.documents.set(feedDocumentId, null);
        return { status: 201, body: { feedDocumentId, url: `${url}/upload/${feedDocumentId}` } };
      }
      case 'createFeed':
        return createFeed(body);
      case 'getFeed':
        return feedOf(last);
      case 'getFeedDocument':
        if (!listings.documents.get(last)) return refusal(404, 'NotFound');
        return { status: 200, body: { feedDocumentId: last, url: `${url}/upload/${last}`, compressionAlgorithm: 'GZIP' } }; // biome-ignore format: one thought
      default:
        return search(asked);
    }
  }

  /** @returns null where the request is about something else */
  return (request: Request): Answer | null => {
    const operation = operationOf(request);
    const [, seller] = LISTINGS.exec(request.asked.pathname) ?? [];
    if (operation && seller !== undefined && seller !== sellerId) return refusal(403, 'Unauthorized');
    return operation && within(operation, () => answered(operation, request));
  };
}
