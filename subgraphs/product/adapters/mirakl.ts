import { formatAmount, parseMoney } from '../../../platform/money.ts';
import type { MiraklClient } from '../../../systems/mirakl/client.ts';
import { MIRAKL_RATES } from '../../../systems/mirakl/rates.ts';
import { outcomesOf } from '../../../systems/mirakl/told-offers.ts';
import type { ChannelPrices } from '../port.ts';

/**
 * Prices at a marketplace on Mirakl, in files that are worked on after they were accepted. A file replaces all prices of the offers
 * that it names, also discounts and those of single channels.
 */
export function miraklChannelPrices(client: MiraklClient): ChannelPrices {
  return {
    ways: [{ name: 'file', ...MIRAKL_RATES.import }],
    async tell({ items }, signal) {
      const rows = items.map(({ item, value }) => [item, value.amount]);
      const reference = await client.startImport('pricing', [['offer-sku', 'price'], ...rows], signal);
      return { kind: 'ACCEPTED', reference };
    },
    async outcomeOf(reference, signal, told) {
      const outcome = await client.importOutcome('pricing', reference, signal);
      return outcome && outcomesOf(told, outcome);
    },
    async *known(signal) {
      for await (const page of client.offers(signal))
        yield page.flatMap(({ shop_sku, price, currency_iso_code: currencyCode }) =>
          price && currencyCode
            ? [{ item: shop_sku, value: { amount: formatAmount(parseMoney(price, currencyCode)), currencyCode } }]
            : [],
        );
    },
  };
}
