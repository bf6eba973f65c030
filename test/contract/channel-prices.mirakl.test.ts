import { miraklChannelPrices } from '../../subgraphs/product/adapters/mirakl.ts';
import { MIRAKL_PROFILE } from '../../systems/mirakl/profile.ts';
import { list } from '../../systems/mirakl/simulator/offers.ts';
import { startMirakl } from '../helpers/mirakl.ts';
import { channelPricesContract } from './channel-prices.contract.ts';

channelPricesContract('Mirakl over HTTP', MIRAKL_PROFILE, async () => {
  const { offers, client, stop } = await startMirakl();
  return {
    channel: miraklChannelPrices(client),
    currencyCode: 'EUR',
    list: (items) => list(offers, items),
    stop,
  };
});
