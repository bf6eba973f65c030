import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '../../platform/logger.ts';
import { createWmsClient, type WmsClient } from '../../systems/wms/client.ts';
import type { WmsNewDelivery } from '../../systems/wms/requests.ts';
import type { WmsSeed } from '../../systems/wms/simulator/seed.ts';
import { type StartWmsOptions, startWmsSystem } from '../../systems/wms/simulator/start.ts';
import type { WmsDelivery, WmsDeliveryEvent } from '../../systems/wms/wire.ts';
import { createEmptyDatabase, type TestDatabase } from './database.ts';

const address = { street: '1 Dock Road', city: 'Daventry', postcode: 'NN11 8RY', country: 'GB' };

/** A distribution centre that works by itself, a store whose staff do everything, a store that packs and lets staff stage. */
export const warehouseSeed: WmsSeed = {
  sites: [
    { code: 'DC1', siteType: 'DC', name: 'Midlands', address },
    { code: 'ST1', siteType: 'ST', name: 'High Street', address, floorMode: 'MANUAL' },
    { code: 'ST2', siteType: 'ST', name: 'Market Square', address, collectMode: 'MANUAL' },
  ],
  articles: ['ART-A', 'ART-B', 'ART-C'].map((articleNo) => ({ articleNo, barcode: null })),
  stock: ['DC1', 'ST1', 'ST2'].flatMap((site) => [
    { site, articleNo: 'ART-A', quantity: 100 },
    { site, articleNo: 'ART-B', quantity: 5 },
  ]),
};

export interface Warehouse {
  readonly database: TestDatabase;
  readonly wms: WmsClient;
  system: Awaited<ReturnType<typeof startWmsSystem>>;
  /** Waits until the delivery has a status, and fails after five seconds. */
  settled(deliveryNo: string, status: WmsDelivery['status']): Promise<WmsDelivery>;
  events(deliveryNo?: string): Promise<WmsDeliveryEvent[]>;
  stop(): Promise<void>;
}

/** The warehouse system on a database of its own, with a client. */
export async function startWarehouse(
  options: Partial<StartWmsOptions> = {},
  database?: TestDatabase,
): Promise<Warehouse> {
  const own = database ?? (await createEmptyDatabase());
  const system = await startWmsSystem({
    databaseUrl: own.url,
    paceMillis: 10,
    logger: createLogger({ level: 'silent', component: 'test' }),
    seed: warehouseSeed,
    ...options,
  });
  const wms = createWmsClient({ baseUrl: system.url, token: system.token, timeoutMillis: 30_000 });
  let stopped: Promise<void> | null = null;
  return {
    database: own,
    wms,
    system,
    async settled(deliveryNo, status) {
      for (const deadline = Date.now() + 5_000; Date.now() < deadline; await pause(10)) {
        const delivery = await wms.delivery(deliveryNo);
        if (delivery?.status === status) return delivery;
      }
      throw new Error(`delivery ${deliveryNo} is ${(await wms.delivery(deliveryNo))?.status}, not ${status}`);
    },
    async events(deliveryNo) {
      const { events } = await wms.deliveryEvents({ after: 0, limit: 1_000 });
      return deliveryNo === undefined ? events : events.filter((event) => event.deliveryNo === deliveryNo);
    },
    stop() {
      stopped ??= wms.close().then(async () => {
        await system.stop();
        if (!database) await own.drop();
      });
      return stopped;
    },
  };
}

let references = 0;

/** An order of one piece of ART-A from DC1 to an address, unless told otherwise; a new reference each time. */
export function newDelivery(overrides: Partial<WmsNewDelivery> = {}): WmsNewDelivery {
  references += 1;
  return {
    externalRef: `order-${references}`,
    site: 'DC1',
    service: 'STANDARD',
    collect: false,
    shipTo: {
      addressee: 'A. Person',
      street: '2 Lane',
      street2: null,
      city: 'Leeds',
      region: null,
      postcode: 'LS1 1AA',
      country: 'GB',
    },
    lines: [{ lineRef: '1', articleNo: 'ART-A', quantity: 1 }],
    ...overrides,
  };
}
