import type { AmazonIssue, ListingMessage, ListingPatch } from '../listings-wire.ts';
import { MARKETPLACE } from './orders.ts';

/** What the reference server knows of a seller's listings. Everything in it may be changed while it runs. */
export interface AmazonListings {
  readonly items: Map<string, StoredListing>;
  readonly feeds: Map<string, StoredFeed>;
  /** Contents of documents by id; null until one was put there. */
  readonly documents: Map<string, string | null>;
  /** What was accepted is applied at once; while false, it waits for `work`. */
  works: boolean;
  /** Accepted and not applied yet. */
  readonly waiting: (() => void)[];
  /** Of one search at most so many listings can be had. Amazon: 1,000. */
  mostShown: number;
}

export interface StoredListing {
  readonly sku: string;
  readonly createdAt: string;
  /** DEFAULT: the seller sends it. */
  fulfilledBy: string;
  units: number;
  price: { amount: string; currencyCode: string } | null;
  issues: AmazonIssue[];
  /** Said when it is told something: INVALID at once, for a patch and in the report of a feed. */
  refusal: string | null;
  /** Said after it was accepted: what it was told is never shown. */
  lateRefusal: string | null;
}

export interface StoredFeed {
  status: 'IN_QUEUE' | 'IN_PROGRESS' | 'DONE' | 'CANCELLED' | 'FATAL';
  readonly documentId: string;
  readonly createdAt: string;
  endedAt: string | null;
  resultId: string | null;
}

export function emptyListings(): AmazonListings {
  return { items: new Map(), feeds: new Map(), documents: new Map(), works: true, waiting: [], mostShown: 1_000 };
}

/** The seller lists items; they have no stock. */
export function list(listings: AmazonListings, skus: readonly string[], createdAt: Date = new Date()): void {
  for (const sku of skus)
    listings.items.set(sku, { sku, createdAt: createdAt.toISOString(), fulfilledBy: 'DEFAULT', units: 0, price: null, issues: [], refusal: null, lateRefusal: null }); // biome-ignore format: one item
}

/** Applies the oldest of what waits, or one of it. */
export function work(listings: AmazonListings, index = 0): void {
  listings.waiting.splice(index, 1)[0]?.();
}

/** Applies what was accepted, or has it wait. */
export function accept(listings: AmazonListings, apply: () => void): void {
  if (listings.works) apply();
  else listings.waiting.push(apply);
}

/** What is wrong with a patch of a listing; null when it can be accepted. */
export function problemOf(listings: AmazonListings, sku: string, patches: readonly ListingPatch[]): AmazonIssue | null {
  const item = listings.items.get(sku);
  const error = (code: string): AmazonIssue => ({ code, severity: 'ERROR', attributeNames: [] });
  if (!item) return error('13013');
  if (item.refusal !== null) return error(item.refusal);
  const [first] = patches;
  const isKnown = first?.op === 'merge' && first.path in PATCHED && first.value.every(PATCHED[first.path as keyof typeof PATCHED].isRight); // biome-ignore format: one thought
  return isKnown ? null : error('90000900');
}

/** Applies a patch that was accepted. */
export function patchListing(listings: AmazonListings, sku: string, patches: readonly ListingPatch[]): void {
  const item = listings.items.get(sku);
  if (!item) return;
  for (const { path, value } of patches) {
    const attributeNames = [path.replace('/attributes/', '')];
    item.issues = item.lateRefusal === null ? [] : [{ code: item.lateRefusal, severity: 'ERROR', attributeNames }];
    if (item.lateRefusal === null) PATCHED[path as keyof typeof PATCHED].apply(item, value[0] ?? {});
  }
}

/** Works on a feed: each message by itself. */
export function workOn(listings: AmazonListings, feed: StoredFeed): void {
  if (feed.status !== 'IN_QUEUE') return;
  const { messages = [] } = JSON.parse(listings.documents.get(feed.documentId) ?? '{}') as { messages?: ListingMessage[] }; // biome-ignore format: one thought
  const problems = messages.map(({ messageId, sku, patches }) => ({ messageId, problem: problemOf(listings, sku, patches) })); // biome-ignore format: one thought
  const issues = problems.flatMap(({ messageId, problem }) => (problem ? [{ messageId, code: problem.code, severity: problem.severity, message: `the server says ${problem.code}` }] : [])); // biome-ignore format: one thought
  for (const { sku, patches, messageId } of messages)
    if (!issues.some((issue) => issue.messageId === messageId)) patchListing(listings, sku, patches);
  feed.resultId = `result-${feed.documentId}`;
  const summary = { errors: issues.length, warnings: 0, messagesProcessed: messages.length, messagesAccepted: messages.length - issues.length, messagesInvalid: issues.length }; // biome-ignore format: one thought
  listings.documents.set(feed.resultId, JSON.stringify({ header: { version: '2.0' }, issues, summary }));
  feed.endedAt = new Date().toISOString();
  feed.status = 'DONE';
}

/** A listing as it is told. */
export function shownListing({ sku, createdAt, fulfilledBy, units, price, issues }: StoredListing): Record<string, unknown> {
  return {
    sku,
    summaries: [{ marketplaceId: MARKETPLACE, productType: 'LUGGAGE', status: ['BUYABLE'], createdDate: createdAt, lastUpdatedDate: createdAt }],
    offers: price === null ? [] : [{ marketplaceId: MARKETPLACE, offerType: 'B2C', price }],
    fulfillmentAvailability: [{ fulfillmentChannelCode: fulfilledBy, ...(fulfilledBy === 'DEFAULT' ? { quantity: units } : {}) }],
    issues: issues.map((issue) => ({ ...issue, message: `the server says ${issue.code}`, categories: [] })),
  };
} // biome-ignore format: one thought

type Entry = Readonly<Record<string, unknown>>;
const priceIn = (entry: Entry) => {
  const [ours] = (entry.our_price ?? []) as { schedule?: { value_with_tax?: unknown }[] }[];
  return ours?.schedule?.[0]?.value_with_tax;
};

/** The attributes that may be patched here. */
const PATCHED = {
  '/attributes/fulfillment_availability': {
    isRight: (entry: Entry) => entry.fulfillment_channel_code === 'DEFAULT' && Number.isInteger(entry.quantity) && Number(entry.quantity) >= 0,
    apply(item: StoredListing, entry: Entry) {
      // That is what makes it dangerous to tell Amazon units of an item that Amazon sends.
      item.fulfilledBy = 'DEFAULT';
      item.units = Number(entry.quantity);
    },
  },
  '/attributes/purchasable_offer': {
    isRight: (entry: Entry) => entry.marketplace_id === MARKETPLACE && entry.audience === 'ALL' && entry.currency === 'GBP' && Number(priceIn(entry)) > 0,
    apply(item: StoredListing, entry: Entry) {
      item.price = { amount: Number(priceIn(entry)).toFixed(2), currencyCode: String(entry.currency) };
    },
  },
} as const; // biome-ignore format: a table
