import { formatAmount, money } from '../../platform/money.ts';
import type { Article } from './articles.ts';
import { pick } from './hash.ts';
import { materialNoOfSku } from './materials.ts';
import type { SampleCondition } from './model.ts';

/** Before the first order line of the source, so that every line finds a price. */
const VALID_FROM = '2010-01-01T00:00:00.000Z';
/** The last instant of every offer; the former price returns then. */
const OFFERS_END = '2031-01-01T00:00:00.000Z';
/** How many of the most ordered articles are also sold abroad. */
const SOLD_ABROAD = 300;
/** B2B quantity breaks: from how many pieces, at how many per cent of the price. Made up. */
const BREAKS = [
  { scaleFrom: 24, percent: 92n },
  { scaleFrom: 96, percent: 85n },
] as const;
/** The marketplace's price carries its commission. */
const MARKETPLACE_PERCENT = 120n;
/** Minor units for a hundred pence, rounded by us once and for all: 190 yen, 390 fils. Each country's tax is included. */
const ABROAD = [
  { currency: 'JPY', perHundredPence: 190n, taxRate: '10.00' },
  { currency: 'KWD', perHundredPence: 390n, taxRate: '0.00' },
] as const;
/** One article in so many is on offer in WEB. */
const ONE_OFFER_IN = 12;

/**
 * Condition records of all articles. The price of the source is the WEB and POS price including 20 % tax, and the B2B
 * price excluding it: nothing is multiplied, so that a price on the page is a price of the file.
 */
export function conditionsOf(articles: readonly Article[]): SampleCondition[] {
  const abroad = new Set(
    [...articles]
      .sort((a, b) => b.lineCount - a.lineCount || (a.sku < b.sku ? -1 : 1))
      .slice(0, SOLD_ABROAD)
      .map((article) => article.sku),
  );
  return articles.flatMap((article) => [
    ...webPrices(article),
    ...(abroad.has(article.sku) ? ABROAD.map((country) => webPriceAbroad(article, country)) : []),
    condition(article, 'POS', BigInt(article.pricePence)),
    condition(article, 'AMAZON', percentOf(article.pricePence, MARKETPLACE_PERCENT)),
    ...businessPrices(article),
  ]);
}

/** One record, or for an article on offer three: the offer, the former price beside it, the former price after it. */
function webPrices(article: Article): SampleCondition[] {
  const price = BigInt(article.pricePence);
  const former = percentOf(article.pricePence, 125n);
  if (former === price || pick(ONE_OFFER_IN, 'offer', article.sku) !== 0) return [condition(article, 'WEB', price)];
  return [
    condition(article, 'WEB', price, { validTo: OFFERS_END }),
    condition(article, 'WEB', former, { conditionType: 'VKA0', validTo: OFFERS_END }),
    condition(article, 'WEB', former, { validFrom: OFFERS_END }),
  ];
}

function webPriceAbroad(article: Article, { currency, perHundredPence, taxRate }: (typeof ABROAD)[number]) {
  return condition(article, 'WEB', percentOf(article.pricePence, perHundredPence), { currency, taxRate });
}

/** A break that saves nothing on the penny is left out. */
function businessPrices(article: Article): SampleCondition[] {
  const prices = [condition(article, 'B2B', BigInt(article.pricePence), { taxIncluded: false })];
  let last = BigInt(article.pricePence);
  for (const { scaleFrom, percent } of BREAKS) {
    const reduced = percentOf(article.pricePence, percent);
    if (reduced >= last) continue;
    prices.push(condition(article, 'B2B', reduced, { taxIncluded: false, scaleFrom }));
    last = reduced;
  }
  return prices;
}

/** Half up on the minor unit. */
const percentOf = (pence: number, percent: bigint): bigint => (BigInt(pence) * percent * 2n + 100n) / 200n;

type Variation = Partial<
  Pick<
    SampleCondition,
    'conditionType' | 'currency' | 'scaleFrom' | 'taxIncluded' | 'taxRate' | 'validFrom' | 'validTo'
  >
>;

function condition(
  article: Article,
  priceListCode: SampleCondition['priceListCode'],
  amountMinor: bigint,
  variation: Variation = {},
): SampleCondition {
  const terms = {
    conditionType: 'PR00' as const,
    currency: 'GBP',
    scaleFrom: 1,
    taxIncluded: true,
    taxRate: '20.00',
    validFrom: VALID_FROM,
    validTo: null,
    ...variation,
  };
  return {
    ...terms,
    conditionNo: [
      terms.conditionType,
      priceListCode,
      terms.currency,
      article.sku,
      terms.scaleFrom,
      terms.validFrom.slice(0, 4),
    ].join('-'),
    priceListCode,
    materialNo: materialNoOfSku(article.sku),
    amount: formatAmount(money(amountMinor, terms.currency)),
    deletionFlag: false,
  };
}
