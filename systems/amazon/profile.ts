import type { SystemProfile } from '../port-map.ts';

export const AMAZON_PROFILE: SystemProfile = {
  name: 'Amazon',
  kind: 'MARKETPLACE',
  serves: {
    CHANNEL_PRICES: {},
    CHANNEL_STOCK: {
      NODES: 'It is told one number for each item: which node sends it is decided here.',
    },
    CHANNEL_ORDERS: {},
    CHANNEL_NOTICES: {
      NAMED_NOTICES:
        'A parcel has a name, a shipment has none: before one is confirmed, the order is read to see whether it was taken already.',
      ACKNOWLEDGEMENTS: 'It expects none: an order that is paid is counted as accepted.',
      REFUSALS:
        'Its orders API cancels nothing: the order is on the exception desk, to be cancelled in Seller Central.',
      CANCELLATIONS:
        'Its orders API cancels nothing: the units are on the exception desk, to be cancelled in Seller Central.',
      CANCELLATION_ANSWERS: 'It cancels by itself and asks nobody; what it cancels too late is on the exception desk.',
      REFUNDS: 'Its orders API pays nothing back: the refund is on the exception desk, to be made in Seller Central.',
    },
  },
};
