import type { SystemProfile } from '../port-map.ts';

const FOREIGN = 'Its books are in the currency of its company: what it converts would come back as other amounts.';

/** Tryton 6.0 with the modules of Debian's five packages, see server/install.ts. */
export const TRYTON_PROFILE: SystemProfile = {
  name: 'Tryton',
  kind: 'ERP',
  serves: {
    PRODUCT_MASTER: {
      VARIANT_TITLES: 'Its variants have a code and no name: they bear the name of their template.',
      BRANDS: 'Its products have no brand.',
      OPTIONS: 'Attributes of variants need its module product_attribute, which this adapter does not read.',
      BUNDLES: 'Kits need its module product_kit, which this adapter does not read.',
    },
    PRICE_LIST: {
      FORMER_PRICES: 'It keeps no price that held before.',
      SEVERAL_CURRENCIES: 'All its price lists are in the currency of its company.',
      PRICE_PERIODS: 'Its price lists have no dates: a price holds until it is changed.',
    },
    STOCK: {
      INCOMING_SUPPLY: 'Purchases need its module purchase, which this adapter does not read.',
    },
    ORDER_INTAKE: {
      SHIPMENT_NOTICES:
        'Its sales keep no record of goods that left: its shipments are documents of its own warehouse.',
      RETURN_NOTICES: 'Its returns are sales of their own with negative quantities, which this adapter does not make.',
    },
    SHIPMENT: {
      BUNDLES_AS_SETS: 'Its shipments know articles, not sets: by hand, staff can send a part of a bundle.',
    },
    INVOICE: { FOREIGN_CURRENCIES: FOREIGN },
    JOURNAL: { FOREIGN_CURRENCIES: FOREIGN },
    RETURNS: { PUT_ASIDE: 'It has no blocked stock: goods that are not for sale are to be kept apart there by hand.' },
  },
};
