import { createMiraklClient, type MiraklClient, type MiraklClientOptions } from '../../systems/mirakl/client.ts';
import { emptyOffers, type MiraklOffers } from '../../systems/mirakl/simulator/offers.ts';
import { emptyShop, type MiraklShop } from '../../systems/mirakl/simulator/shop.ts';
import { type MiraklReference, type MiraklReferenceOptions, startMiraklReference } from '../../systems/mirakl/simulator/start.ts'; // biome-ignore format: one line

export interface MiraklWorld {
  readonly shop: MiraklShop;
  readonly offers: MiraklOffers;
  readonly client: MiraklClient;
  readonly mirakl: MiraklReference;
  stop(): Promise<void>;
}

const often = { burst: 1_000, perSecond: 1_000 };

/** A shop with a reference server, and a client of it that need not wait for minutes. */
export async function startMirakl(
  options: Partial<MiraklReferenceOptions> = {},
  ours: Partial<MiraklClientOptions> = {},
): Promise<MiraklWorld> {
  const shop = emptyShop();
  const offers = emptyOffers();
  const mirakl = await startMiraklReference({ shop, offers, apiKey: 'test-key', ...options });
  const rates = { stockStatus: often, pricingStatus: often, report: often };
  const client = createMiraklClient({ baseUrl: mirakl.url, apiKey: 'test-key', timeoutMillis: 5_000, rates, ...ours });
  return {
    shop,
    offers,
    client,
    mirakl,
    async stop() {
      await client.close();
      await mirakl.stop();
    },
  };
}
