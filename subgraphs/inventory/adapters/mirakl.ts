import type { MiraklClient } from '../../../systems/mirakl/client.ts';
import { MIRAKL_RATES } from '../../../systems/mirakl/rates.ts';
import { outcomesOf } from '../../../systems/mirakl/told-offers.ts';
import type { ChannelStock } from '../port.ts';

/** Stock at a marketplace on Mirakl: one number for each offer, in files that are worked on after they were accepted. */
export function miraklChannelStock(client: MiraklClient): ChannelStock {
  return {
    ways: [{ name: 'file', ...MIRAKL_RATES.import }],
    async tell({ items }, signal) {
      const rows = items.map(({ item, value }) => [item, String(value.units), 'update']);
      const reference = await client.startImport(
        'stock',
        [['offer-sku', 'quantity', 'update-delete'], ...rows],
        signal,
      );
      return { kind: 'ACCEPTED', reference };
    },
    async outcomeOf(reference, signal, told) {
      const outcome = await client.importOutcome('stock', reference, signal);
      return outcome && outcomesOf(told, outcome);
    },
    async *known(signal) {
      for await (const page of client.offers(signal))
        yield page.map(({ shop_sku, quantity }) => ({ item: shop_sku, value: { units: quantity ?? 0 } }));
    },
  };
}
