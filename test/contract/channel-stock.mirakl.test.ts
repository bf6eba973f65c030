import { miraklChannelStock } from '../../subgraphs/inventory/adapters/mirakl.ts';
import { MIRAKL_PROFILE } from '../../systems/mirakl/profile.ts';
import { list } from '../../systems/mirakl/simulator/offers.ts';
import { startMirakl } from '../helpers/mirakl.ts';
import { channelStockContract } from './channel-stock.contract.ts';

channelStockContract('Mirakl over HTTP', MIRAKL_PROFILE, async () => {
  const { offers, client, stop } = await startMirakl();
  return {
    channel: miraklChannelStock(client),
    list: (items) => list(offers, items),
    refuse: (item) => void offers.offers.delete(item),
    stop,
  };
});
