import type { SystemProfile } from '../port-map.ts';

export const MIRAKL_PROFILE: SystemProfile = {
  name: 'Mirakl marketplace',
  kind: 'MARKETPLACE',
  serves: {
    CHANNEL_ORDERS: {},
    CHANNEL_NOTICES: {
      NAMED_NOTICES:
        'Its messages have no names: before one is sent, the order is read to see whether it was taken already.',
      CANCELLATION_ANSWERS:
        'It has no way of asking before it cancels; what it cancels too late is on the exception desk.',
    },
    CHANNEL_PRICES: {},
    CHANNEL_STOCK: {
      NODES: 'It lists one number for each offer: what its warehouses have cannot be read back and compared.',
    },
  },
};
