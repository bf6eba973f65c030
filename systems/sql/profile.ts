import type { SystemProfile } from '../port-map.ts';
import type { SqlMapping } from './mapping.ts';

const UNMAPPED = 'Its mapping names no column for it.';
const NO_RELATION = 'Its mapping names no view of it.';

/** What a database serves is what its mapping says: what is not mapped is lacking. */
export function profileOfMapping({ relations, orders }: SqlMapping): SystemProfile {
  const { categories, products, variants, bundles, prices } = relations;
  const product = products?.fields ?? variants?.fields;
  const lackIf = <Name extends string>(lacks: Record<Name, boolean>, reason = UNMAPPED) =>
    Object.fromEntries(Object.entries(lacks).filter(([, is]) => is).map(([name]) => [name, reason])) as { [Lack in Name]?: string }; // biome-ignore format: one thought
  return {
    name: 'SQL database',
    kind: 'ERP',
    serves: {
      ...(variants && {
        PRODUCT_MASTER: {
          ...lackIf({ CATEGORIES: !categories, BUNDLES: !bundles }, NO_RELATION),
          ...lackIf({
            DESCRIPTIONS: !product?.description,
            BRANDS: !product?.brand,
            GTINS: !variants.fields.gtin,
            OPTIONS: Object.keys(variants.options).length === 0,
          }),
        },
      }),
      ...(prices && {
        PRICE_LIST: lackIf({
          QUANTITY_BREAKS: !prices.fields.from,
          FORMER_PRICES: !prices.fields.former || 'value' in prices.fields.former,
          SEVERAL_CURRENCIES: !prices.fields.currency || 'value' in prices.fields.currency,
          PRICE_PERIODS: !prices.fields.begins && !prices.fields.ends,
          TAX_RATES: !prices.fields.tax,
        }),
      }),
      ...(orders && {
        ORDER_INTAKE: {
          ...lackIf(
            { SHIPMENT_NOTICES: !orders.shipment, CANCELLATION_NOTICES: !orders.cancellation },
            'Its mapping names no table or procedure for it.',
          ),
          RETURN_NOTICES: 'A mapping has nothing that takes them.',
        },
      }),
    },
  };
}
