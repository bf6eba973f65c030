import { afterEach, describe, expect, it } from '@jest/globals';
import { amazonStock } from '../../subgraphs/inventory/adapters/amazon.ts';
import { publishedFeeds, publishedListings, publishedSchema, startAmazonOrders } from '../../test/helpers/amazon.ts';
import { documentCreated, feedCreated, feedDocument, feedReport, feedState, listing, listingsPage, submissionAnswer } from './listings-wire.ts'; // biome-ignore format: one line
import { list, shownListing, work } from './simulator/listings.ts';

type World = Awaited<ReturnType<typeof startAmazonOrders>>;
const { signal } = new AbortController();
const ITEM = '/listings/2021-08-01/items/SELLER1/{sku}';
const TEN_MINUTES = 600_000;
let world: World;
let now: number;
afterEach(() => world.stop());

/** A seller who lists some items. */
async function selling(skus: readonly string[], options: Parameters<typeof startAmazonOrders>[0] = {}) {
  world = await startAmazonOrders(options);
  list(world.listings, skus);
  now = Date.now();
  const channel = amazonStock(world.items, () => now);
  const tell = async (way: string, values: Readonly<Record<string, number>>) => {
    const items = Object.entries(values).map(([item, ones]) => ({ item, value: { units: ones } }));
    const answer = await channel.tell({ id: '1', way, items }, signal);
    const outcome = () => (answer.kind === 'ENDED' ? Promise.resolve(answer.outcomes) : channel.outcomeOf(answer.reference, signal, items.toReversed())); // biome-ignore format: one thought
    return { answer, outcome };
  };
  const item = (sku: string) => {
    const stored = world.listings.items.get(sku);
    if (!stored) throw new Error(`no ${sku}`);
    return stored;
  };
  return { channel, tell, item };
}
const byItem = <Outcome extends { readonly item: string }>(outcomes: readonly Outcome[] | null) =>
  outcomes?.toSorted((a, b) => (a.item < b.item ? -1 : 1));

describe('what Amazon is told of a listing', () => {
  it.each(['single', 'feed'])('on the way %s is accepted, and applied once the listing shows it', async (way) => {
    const { tell } = await selling(['A']);
    world.listings.works = false;
    const { answer, outcome } = await tell(way, { A: 9 });
    expect(answer.kind).toBe('ACCEPTED');
    expect(await outcome()).toBeNull();
    now += TEN_MINUTES / 2;
    expect(await outcome()).toBeNull();
    work(world.listings);
    expect(await outcome()).toEqual([{ item: 'A', outcome: 'APPLIED' }]);
  });

  it('and is not applied in ten minutes, is told again; where the listing says why, it is refused', async () => {
    const { tell, item } = await selling(['A', 'B', 'C']);
    item('B').lateRefusal = '18155';
    const { outcome } = await tell('feed', { A: 1, B: 2, C: 3 });
    item('C').units = 99;
    expect(await outcome()).toBeNull();
    now += 2 * TEN_MINUTES;
    expect(byItem(await outcome())).toEqual([
      { item: 'A', outcome: 'APPLIED' },
      { item: 'B', outcome: 'REFUSED', code: 'A18155' },
      { item: 'C', outcome: 'FAILED', code: 'NOT_SHOWN' },
    ]);
  });

  it('does not touch what Amazon sends, nor what is not listed; the rest of a feed goes', async () => {
    const { tell, item } = await selling(['A', 'FBA', 'WITH,COMMA', 'BAD']);
    item('FBA').fulfilledBy = 'AMAZON_EU';
    item('BAD').refusal = '90220';
    const { outcome } = await tell('feed', { NOWHERE: 1, FBA: 7, 'WITH,COMMA': 3, A: 4, BAD: 5 });
    const expected = [
      { item: 'A', outcome: 'APPLIED' },
      { item: 'BAD', outcome: 'REFUSED', code: 'A90220' },
      { item: 'FBA', outcome: 'REFUSED', code: 'SENT_BY_AMAZON' },
      { item: 'NOWHERE', outcome: 'REFUSED', code: 'NOT_LISTED' },
      { item: 'WITH,COMMA', outcome: 'APPLIED' },
    ];
    expect(byItem(await outcome())).toEqual(expected);
    for (const { item: sku, ...rest } of expected.filter((one) => one.item !== 'A' && one.item !== 'WITH,COMMA'))
      expect(await (await tell('single', { [sku]: 7 })).outcome()).toEqual([{ item: sku, ...rest }]);
    expect(item('FBA')).toMatchObject({ fulfilledBy: 'AMAZON_EU', units: 0 });
  });

  it('in a feed that was given up, or that nobody could read, is told again', async () => {
    const { tell } = await selling(['A', 'B']);
    world.listings.works = false;
    const { outcome } = await tell('feed', { A: 1, B: 2 });
    const [feed] = world.listings.feeds.values();
    if (!feed) throw new Error('no feed');
    feed.status = 'FATAL';
    expect(byItem(await outcome())?.map((one) => 'code' in one && one.code)).toEqual(['FEED_FATAL', 'FEED_FATAL']);
    feed.status = 'DONE';
    feed.resultId = 'report';
    const report = { issues: [{ code: '4002006', severity: 'ERROR' }], summary: { messagesProcessed: 0 } };
    world.listings.documents.set('report', JSON.stringify(report));
    expect(byItem(await outcome())?.map((one) => 'code' in one && one.code)).toEqual(['A4002006', 'A4002006']);
  });

  it('goes no faster than is published: no call is refused, and who asks at once waits in line', async () => {
    const rate = { perSecond: 5, burst: 2 };
    let clock = Date.now();
    const pauses: number[] = [];
    const pause = async (millis: number) => {
      pauses.push(millis);
      clock += millis;
    };
    const rates = { getListingsItem: rate, patchListingsItem: rate };
    const { tell } = await selling(['A', 'B', 'C', 'D'], { rates, served: rates, now: () => clock, pause });
    for (const sku of ['A', 'B', 'C', 'D']) await tell('single', { [sku]: 1 });
    expect(world.server.answers).toEqual({ [`200 GET ${ITEM}`]: 4, [`200 PATCH ${ITEM}`]: 4 });
    clock += 60_000;
    pauses.length = 0;
    const standing = { rates, now: () => clock, pause: async (millis: number) => void pauses.push(millis) };
    await world.stop();
    const { tell: tellAtOnce } = await selling(['A', 'B', 'C', 'D'], standing);
    await Promise.all(['A', 'B', 'C', 'D'].map((sku) => tellAtOnce('single', { [sku]: 1 })));
    expect(pauses.toSorted((a, b) => a - b)).toEqual([200, 200, 400, 400]);
  });

  it('was told or not when the answer is lost, so that it is told again', async () => {
    const { tell } = await selling(['A']);
    world.server.loseAnswers(1);
    await expect(tell('single', { A: 3 })).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    expect(await (await tell('single', { A: 3 })).outcome()).toEqual([{ item: 'A', outcome: 'APPLIED' }]);
  });
});

describe("Amazon's listings", () => {
  it('are read beyond what one search shows, each once, as the published model has them', async () => {
    const { channel } = await selling([]);
    world.listings.mostShown = 30;
    const day = Date.parse('2026-01-01T00:00:00Z');
    const skus = Array.from({ length: 75 }, (_, index) => `S${index}`);
    for (const [index, sku] of skus.entries())
      list(world.listings, [sku], new Date(day + Math.floor(index / 3) * 60_000));
    const known: string[] = [];
    for await (const page of channel.known?.(signal) ?? []) known.push(...page.map(({ item }) => item));
    expect(known).toEqual(skus);
    const isListing = publishedSchema(publishedListings, 'Item');
    for (const stored of world.listings.items.values()) expect(isListing(shownListing(stored))).toBe(true);
  });

  it('that were all made at one moment cannot be told apart, and end with an error instead of missing some', async () => {
    const { channel } = await selling(Array.from({ length: 50 }, (_, index) => `S${index}`));
    world.listings.mostShown = 30;
    const read = async () => {
      for await (const page of channel.known?.(signal) ?? []) expect(page.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toMatchObject({ code: 'SYSTEM_BAD_RESPONSE' });
  });

  it('and its feeds are understood in all published examples', async () => {
    world = await startAmazonOrders();
    const examples = (model: typeof publishedListings, path: string, method: string) =>
      Object.entries(model.paths[path]?.[method]?.responses ?? {}).flatMap(([status, answer]) =>
        Number(status) < 300 ? (answer['x-amzn-api-sandbox']?.static ?? []).map(({ response }) => response) : [],
      );
    const one = '/listings/2021-08-01/items/{sellerId}/{sku}';
    const read = [
      [publishedListings, one, 'get', listing, 1],
      [publishedListings, '/listings/2021-08-01/items/{sellerId}', 'get', listingsPage, 1],
      [publishedListings, one, 'patch', submissionAnswer, 3],
      [publishedFeeds, '/feeds/2021-06-30/documents', 'post', documentCreated, 1],
      [publishedFeeds, '/feeds/2021-06-30/feeds', 'post', feedCreated, 1],
      [publishedFeeds, '/feeds/2021-06-30/feeds/{feedId}', 'get', feedState, 1],
      [publishedFeeds, '/feeds/2021-06-30/documents/{feedDocumentId}', 'get', feedDocument, 1],
    ] as const;
    for (const [model, path, method, schema, count] of read) {
      const all = examples(model, path, method);
      expect([path, method, all.length]).toEqual([path, method, count]);
      for (const example of all) expect(schema.safeParse(example).error).toBeUndefined();
    }
    // As a seller published it: amzn/selling-partner-api-models, issue 4801.
    const report = { header: { sellerId: 'x', version: '2.0', feedId: '70018020237' }, issues: [], summary: { errors: 0, warnings: 0, messagesProcessed: 1, messagesAccepted: 1, messagesInvalid: 0 } }; // biome-ignore format: one report
    expect(feedReport.safeParse(report).success).toBe(true);
  });
});
