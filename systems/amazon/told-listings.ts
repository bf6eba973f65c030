import { z } from 'zod';
import type { FactChannel, FactValue, ItemOutcome, ToldItem } from '../../platform/channel-facts/channel.ts';
import { type AmazonListingsClient, errorIn } from './listings-client.ts';
import type { AmazonListing, ListingPatch } from './listings-wire.ts';
import { AMAZON_WAYS } from './rates.ts';

/** One thing that Amazon is told of its listings, such as how many may be sold. */
export interface ListingFact<Value extends FactValue> {
  /** The attribute that has it, such as `fulfillment_availability`. */
  readonly attribute: string;
  valueIn(value: Value): ListingPatch['value'];
  /** What a listing shows; null when it shows none, or several that differ. */
  shownBy(listing: AmazonListing): Value | null;
  /** Code of why a listing must not be told it; null when it may be. */
  whyNot(listing: AmazonListing): string | null;
}

/** What was accepted: when, in which feed (null: by itself), and what was never sent, with the code. */
const reference = z.object({
  at: z.number(),
  feed: z.string().nullable(),
  refused: z.record(z.string(), z.string()),
});

/** So long after Amazon ended a submission its listing may still show what was there before, in milliseconds. */
const PATIENCE_MILLIS = 600_000;
const OF_ANY_TYPE = 'PRODUCT';

/**
 * Tells Amazon something of its listings: what is urgent one by one, the rest in feeds. Amazon says of both that it has accepted them, and of
 * a feed's messages whether they could be read; whether they are applied only the listing shows, so that is asked. What it does not show
 * ten minutes later is told again.
 * @param now milliseconds since 1970; tests pass their own
 */
export function toldListings<Value extends FactValue>(client: AmazonListingsClient, fact: ListingFact<Value>, now: () => number = Date.now): FactChannel<Value> {
  const patchOf = (value: Value): ListingPatch => ({ op: 'merge', path: `/attributes/${fact.attribute}`, value: fact.valueIn(value) });
  const whyNot = (listing: AmazonListing | null | undefined) => (listing ? fact.whyNot(listing) : 'NOT_LISTED');
  const typeOf = (listing: AmazonListing) => listing.summaries?.find(({ productType }) => productType)?.productType ?? OF_ANY_TYPE;
  const refuse = (item: string, code: string): ItemOutcome => ({ item, outcome: 'REFUSED', code });
  const accepted = (feed: string | null, refused: Readonly<Record<string, string>>) =>
    ({ kind: 'ACCEPTED', reference: JSON.stringify({ at: now(), feed, refused } satisfies z.input<typeof reference>) }) as const;

  async function tellOne({ item, value }: ToldItem<Value>, signal: AbortSignal) {
    const listing = await client.listing(item, signal);
    const code = whyNot(listing) ?? (listing && (await client.patch(item, typeOf(listing), patchOf(value), signal)));
    return code === null ? accepted(null, {}) : ({ kind: 'ENDED', outcomes: [refuse(item, code)] } as const);
  }

  async function tellMany(items: readonly ToldItem<Value>[], signal: AbortSignal) {
    const listings = await client.listingsOf(items.map(({ item }) => item), signal);
    const refused = Object.fromEntries(items.flatMap(({ item }) => { const code = whyNot(listings.get(item)); return code === null ? [] : [[item, code]]; }));
    const sent = inOrder(items).filter(({ item }) => !(item in refused));
    if (sent.length === 0) return { kind: 'ENDED', outcomes: items.map(({ item }) => refuse(item, refused[item] ?? '')) } as const;
    const messages = sent.map(({ item, value }, index) => ({
      messageId: index + 1,
      sku: item,
      operationType: 'PATCH' as const,
      productType: typeOf(listings.get(item) as AmazonListing),
      patches: [patchOf(value)],
    }));
    return accepted(await client.sendFeed(messages, signal), refused);
  }

  function outcomeBy(listing: AmazonListing | undefined, { item, value }: ToldItem<Value>, failure: string | null): ItemOutcome {
    if (listing && isSame(fact.shownBy(listing), value)) return { item, outcome: 'APPLIED' };
    const code = errorIn(listing?.issues?.filter(({ attributeNames }) => attributeNames?.includes(fact.attribute)));
    return code === null ? { item, outcome: 'FAILED', code: failure ?? 'NOT_SHOWN' } : refuse(item, code);
  }

  return {
    ways: [
      { name: 'single', ...AMAZON_WAYS.single },
      { name: 'feed', ...AMAZON_WAYS.feed },
    ],
    tell({ way, items }, signal) {
      const [only] = items;
      return way === 'single' && only ? tellOne(only, signal) : tellMany(items, signal);
    },
    async outcomeOf(text, signal, told) {
      const { at, feed: feedId, refused } = reference.parse(JSON.parse(text));
      const feed = feedId === null ? null : await client.feed(feedId, signal);
      if (feedId !== null && feed === null) return null;
      const sent = inOrder(told).filter(({ item }) => !(item in refused));
      const codes = new Map(Object.entries(refused));
      for (const [index, { item }] of sent.entries()) {
        const code = feed?.refused.get(index + 1);
        if (code !== undefined) codes.set(item, code);
      }
      const open = sent.filter(({ item }) => !codes.has(item));
      const listings = await client.listingsOf(open.map(({ item }) => item), signal);
      const outcomes = new Map(open.map((one) => [one.item, outcomeBy(listings.get(one.item), one, feed?.failure ?? null)]));
      const isWaiting = [...outcomes.values()].some(({ outcome }) => outcome !== 'APPLIED');
      if (isWaiting && !feed?.failure && now() - Math.max(at, feed?.endedAt ?? 0) < PATIENCE_MILLIS) return null;
      return told.map(({ item }) => outcomes.get(item) ?? refuse(item, codes.get(item) ?? ''));
    },
    async *known(signal) {
      for await (const page of client.listings(signal))
        yield page.flatMap((listing) => {
          const value = fact.shownBy(listing);
          return value === null ? [] : [{ item: listing.sku, value }];
        });
    },
  };
} // biome-ignore format: one thought

/** The order in which messages are numbered: the same when a feed is sent and when its report is read. */
function inOrder<Item extends { readonly item: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.item < b.item ? -1 : a.item > b.item ? 1 : 0));
}

/** Values of the same fact have the same fields. */
function isSame(shown: FactValue | null, told: FactValue): boolean {
  return shown !== null && Object.entries(told).every(([name, value]) => shown[name] === value);
}
