import type { SystemProfile } from '../port-map.ts';

const ALL = {
  name: 'SAP S/4HANA',
  kind: 'ERP',
  serves: {
    PRODUCT_MASTER: {
      CATEGORIES: 'Its product groups stand side by side.',
      BRANDS: 'Its products have the code of a brand; none of these services tells its name.',
      OPTIONS: 'Characteristics of variants are in its classification service, which this adapter does not read.',
      BUNDLES: 'Sales bills of material are in a service of their own, which this adapter does not read.',
    },
    PRICE_LIST: {
      FORMER_PRICES: 'It does not tell which price a lower one is to be compared with.',
      TAX_RATES: 'It tells the tax class of a product, not its rate: the rates of classes are configured.',
    },
    ORDER_INTAKE: {
      SHIPMENT_NOTICES:
        'Goods issues are booked with outbound deliveries, a service of their own which this adapter does not call.',
      RETURN_NOTICES: 'Customer returns are orders of a service of their own, which this adapter does not call.',
    },
  },
} as const satisfies SystemProfile;

/** SAP S/4HANA by its OData V2 services for products, prices and, where config/systems.yaml says how, sales orders. */
export function profileOfSap(takesOrders: boolean): SystemProfile {
  const { ORDER_INTAKE, ...goods } = ALL.serves;
  return { ...ALL, serves: takesOrders ? { ...goods, ORDER_INTAKE } : goods };
}
