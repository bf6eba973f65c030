import type { SystemProfile } from '../port-map.ts';

export const WALMART_PROFILE: SystemProfile = {
  name: 'Walmart Marketplace',
  kind: 'MARKETPLACE',
  serves: {
    CHANNEL_ORDERS: {},
    CHANNEL_NOTICES: {
      NAMED_NOTICES:
        'Its messages have no names: before one is sent, the order is read to see whether it was taken already.',
      CANCELLATION_ANSWERS: 'It cancels by itself and asks nobody; what it cancels too late is on the exception desk.',
    },
    CHANNEL_PRICES: {
      PRICE_READING: 'It does not say what it asks for an item: all prices are told again on schedule.',
    },
    CHANNEL_STOCK: {},
  },
};
