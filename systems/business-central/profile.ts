import type { SystemProfile } from '../port-map.ts';

/** Dynamics 365 Business Central by its standard API 2.0. */
export const BUSINESS_CENTRAL_PROFILE: SystemProfile = {
  name: 'Business Central',
  kind: 'ERP',
  serves: {
    PRODUCT_MASTER: {
      CATEGORIES: 'Its API tells no parent of a category: all stand side by side.',
      DESCRIPTIONS: 'Its API has no text of an item besides its name.',
      BRANDS: 'Its items have no brand.',
      OPTIONS: 'Its variants have a code and a name: what tells them apart is not told.',
      BUNDLES: 'Its API does not tell the components of an item.',
    },
    PRICE_LIST: {
      SEVERAL_LISTS: 'Its API tells one price of an item; price lists are not part of it.',
      QUANTITY_BREAKS: 'Its API tells one price of an item.',
      FORMER_PRICES: 'It keeps no price that held before.',
      SEVERAL_CURRENCIES: 'The price of an item is in the currency of its company.',
      PRICE_PERIODS: 'The price of an item has no dates: it holds until it is changed.',
      TAX_RATES: 'Its API tells the tax group of an item, not its rate: the rate is configured.',
    },
  },
};
