import { createLogger } from '../../platform/logger.ts';
import type { RunningSystem, StartSystemOptions } from '../../systems/kit/start-system.ts';
import { createOmsClient, type OmsClient } from '../../systems/oms/client.ts';
import { startOmsSystem } from '../../systems/oms/simulator/start.ts';
import type { DeskOrderRequest } from '../../systems/oms/wire.ts';
import { createEmptyDatabase, type TestDatabase } from './database.ts';

export interface TestDesk {
  readonly database: TestDatabase;
  readonly oms: OmsClient;
  readonly system: RunningSystem;
  stop(): Promise<void>;
}

/** The order desk on a database of its own (or a given one, which it leaves), acknowledging at once, with a client. */
export async function startDesk(options: Partial<StartSystemOptions> = {}, database?: TestDatabase): Promise<TestDesk> {
  const own = database ?? (await createEmptyDatabase());
  const system = await startOmsSystem({
    databaseUrl: own.url,
    paceMillis: 0,
    logger: createLogger({ level: 'silent', component: 'test' }),
    ...options,
  });
  const oms = createOmsClient({ baseUrl: system.url, token: system.token, timeoutMillis: 5_000 });
  return {
    database: own,
    oms,
    system,
    async stop() {
      await oms.close();
      await system.stop();
      if (!database) await own.drop();
    },
  };
}

/** Five lanterns (line-1) and two candles (line-2) from WEB, unless told otherwise. */
export function newDeskOrder(overrides: Partial<DeskOrderRequest> = {}): DeskOrderRequest {
  return {
    clientRef: 'ord_1',
    channelRef: 'WEB',
    channelOrderNo: null,
    currency: 'GBP',
    deliverTo: {
      addressee: null,
      street: null,
      street2: null,
      town: null,
      county: null,
      postcode: 'LS1 1AA',
      country: 'GB',
    },
    positions: [
      { posRef: 'line-1', itemCode: '71053', qty: 5, unitPrice: '3.39' },
      { posRef: 'line-2', itemCode: '85123A', qty: 2, unitPrice: '2.55' },
    ],
    ...overrides,
  };
}
