import { currencyExponent } from '../../../platform/money.ts';
import type { AmazonListingsClient } from '../../../systems/amazon/listings-client.ts';
import { toldListings } from '../../../systems/amazon/told-listings.ts';
import type { ChannelPrices, ItemPrice } from '../port.ts';

/**
 * Prices at Amazon, the same in all marketplaces of the connection: what consumers pay. Offers for businesses, sales and bounds stay as
 * they are.
 * @param now milliseconds since 1970; tests pass their own
 */
export function amazonPrices(client: AmazonListingsClient, now?: () => number): ChannelPrices {
  return toldListings<ItemPrice>(
    client,
    {
      attribute: 'purchasable_offer',
      // Amazon takes money as a number: a decimal of at most 15 digits is the same one when it is written again.
      valueIn: ({ amount, currencyCode }) =>
        client.marketplaceIds.map((marketplace_id) => ({
          marketplace_id,
          currency: currencyCode,
          audience: 'ALL',
          our_price: [{ schedule: [{ value_with_tax: Number(amount) }] }],
        })),
      shownBy({ offers }) {
        const ours = (offers ?? []).filter(
          ({ offerType, marketplaceId }) => offerType === 'B2C' && client.marketplaceIds.includes(marketplaceId),
        );
        const [first, ...others] = ours.map(({ price }) => ({
          amount: Number(price.amount).toFixed(currencyExponent(price.currencyCode)),
          currencyCode: price.currencyCode,
        }));
        const differs = (one: ItemPrice) => one.amount !== first?.amount || one.currencyCode !== first.currencyCode;
        return first && !others.some(differs) ? first : null;
      },
      whyNot: () => null,
    },
    now,
  );
}
