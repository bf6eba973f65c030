import type { ItemOutcome } from '../../../platform/channel-facts/channel.ts';
import { codeOf, type WalmartClient } from '../../../systems/walmart/client.ts';
import { WALMART_RATES } from '../../../systems/walmart/rates.ts';
import type { WalmartFeedItem } from '../../../systems/walmart/wire.ts';
import type { ChannelPrices, ItemPrice } from '../port.ts';

/** Prices at Walmart: a few item by item, more in feeds. It does not say what it asks for an item. */
export function walmartPrices(client: WalmartClient): ChannelPrices {
  return {
    ways: [
      { name: 'single', ...WALMART_RATES.single },
      { name: 'feed', ...WALMART_RATES.feed },
    ],
    async tell({ way, items }, signal) {
      const prices = items.map(({ item, value }) => ({ sku: item, pricing: [toPricing(value)] }));
      const [only] = prices;
      if (way !== 'single' || !only) {
        const feed = { PriceHeader: { version: '1.7' }, Price: prices };
        return { kind: 'ACCEPTED', reference: await client.sendFeed('price', feed, signal) };
      }
      await client.setPrice(only, signal);
      return { kind: 'ENDED', outcomes: [{ item: only.sku, outcome: 'APPLIED' }] };
    },
    outcomeOf: async (reference, signal) => (await client.feed(reference, signal))?.flatMap(toOutcome) ?? null,
    known: null,
  };
}

/** Walmart takes money as a number: a decimal of at most 15 digits is the same one when it is written again. */
function toPricing({ amount, currencyCode }: ItemPrice) {
  return { currentPriceType: 'BASE' as const, currentPrice: { currency: currencyCode, amount: Number(amount) } };
}

function toOutcome({ sku, ingestionStatus, ingestionErrors }: WalmartFeedItem): ItemOutcome[] {
  if (!sku) return [];
  const code = codeOf(ingestionErrors?.ingestionError[0]?.code ?? ingestionStatus);
  if (ingestionStatus === 'SUCCESS') return [{ item: sku, outcome: 'APPLIED' }];
  return [{ item: sku, outcome: ingestionStatus === 'DATA_ERROR' ? 'REFUSED' : 'FAILED', code }];
}
