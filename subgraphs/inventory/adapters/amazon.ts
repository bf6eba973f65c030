import type { AmazonListingsClient } from '../../../systems/amazon/listings-client.ts';
import { toldListings } from '../../../systems/amazon/told-listings.ts';
import type { ChannelStock, ItemStock } from '../port.ts';

/** What the seller sends; all other channels of fulfilment are Amazon's. */
const BY_SELLER = 'DEFAULT';

/**
 * Stock at Amazon: one number for each item that the seller sends. An item that Amazon sends is refused: to tell Amazon a
 * number of it would make it one that the seller sends.
 * @param now milliseconds since 1970; tests pass their own
 */
export function amazonStock(client: AmazonListingsClient, now?: () => number): ChannelStock {
  return toldListings<ItemStock>(
    client,
    {
      attribute: 'fulfillment_availability',
      valueIn: ({ units }) => [{ fulfillment_channel_code: BY_SELLER, quantity: units }],
      shownBy({ fulfillmentAvailability }) {
        const by = fulfillmentAvailability ?? [];
        if (by.some(({ fulfillmentChannelCode }) => fulfillmentChannelCode !== BY_SELLER)) return null;
        return { units: by[0]?.quantity ?? 0 };
      },
      whyNot: ({ fulfillmentAvailability }) =>
        fulfillmentAvailability?.some(({ fulfillmentChannelCode }) => fulfillmentChannelCode !== BY_SELLER)
          ? 'SENT_BY_AMAZON'
          : null,
    },
    now,
  );
}
