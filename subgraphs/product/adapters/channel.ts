import type { ItemOutcome } from '../../../platform/channel-facts/channel.ts';
import type { ChannelClient } from '../../../systems/channel/client.ts';
import type { UpdateResult } from '../../../systems/channel/wire.ts';
import type { ChannelPrices } from '../port.ts';

/** Prices at the reference marketplace: updates of many items, which it applies later. */
export function referencePrices(client: ChannelClient, marketplace: string): ChannelPrices {
  return {
    ways: [{ name: 'update', most: 200, burst: 10, perSecond: 5 }],
    async tell({ id, items }, signal) {
      const update = {
        updateRef: `price-${id}`,
        items: items.map(({ item, value }) => ({ itemNo: item, price: { amount: value.amount, currency: value.currencyCode } })), // biome-ignore format: one thought
      };
      return { kind: 'ACCEPTED', reference: await client.updateListings(marketplace, update, { signal }) };
    },
    async outcomeOf(reference, signal) {
      const { state, results } = await client.updateResult(marketplace, reference, { signal });
      return state === 'DONE' ? results.map(toOutcome) : null;
    },
    async *known(signal) {
      for await (const page of client.listings(marketplace, { signal }))
        yield page.flatMap(({ itemNo, price }) =>
          price === null ? [] : [{ item: itemNo, value: { amount: price.amount, currencyCode: price.currency } }],
        );
    },
  };
}

function toOutcome({ itemNo: item, applied, reasonCode }: UpdateResult['results'][number]): ItemOutcome {
  return applied ? { item, outcome: 'APPLIED' } : { item, outcome: 'REFUSED', code: reasonCode ?? '' };
}
