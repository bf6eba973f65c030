import { createLogger } from '../../platform/logger.ts';
import { createErpClient, type ErpClient } from '../../systems/erp/client.ts';
import type { ErpSample } from '../../systems/erp/simulator/seed.ts';
import { type StartErpOptions, startErpSystem } from '../../systems/erp/simulator/start.ts';
import type { BillingRequest } from '../../systems/erp/wire.ts';
import type { RunningSystem } from '../../systems/kit/start-system.ts';
import { createEmptyDatabase, type TestDatabase } from './database.ts';

const material = {
  materialType: 'HAWA',
  configurableMaterialNo: null,
  characteristics: [],
  materialGroupNo: 'G1',
  manufacturer: 'Nobody & Co',
  gtinEan: null,
  baseUnit: 'EA',
  taxClass: '1',
  deletionFlag: false,
} as const;
const describe = (shortText: string) => [{ language: 'EN', shortText, longText: `${shortText}.` }] as const;

/** One group, two materials, one price. */
export const erpSample: ErpSample = {
  materialGroups: [{ groupNo: 'G1', text: 'Lights', parentGroupNo: null }],
  materials: [
    { ...material, materialNo: 'M-1', oldMaterialNo: 'A1', descriptions: describe('Lantern') },
    { ...material, materialNo: 'M-2', oldMaterialNo: 'A2', descriptions: describe('Candle') },
  ],
  conditions: [
    {
      conditionNo: 'C-1',
      conditionType: 'PR00',
      priceListCode: 'WEB',
      materialNo: 'M-1',
      currency: 'GBP',
      amount: '3.39',
      scaleFrom: 1,
      taxIncluded: true,
      taxRate: '20.00',
      validFrom: '2010-01-01T00:00:00.000Z',
      validTo: null,
      deletionFlag: false,
    },
  ],
};

export interface TestErp {
  readonly database: TestDatabase;
  readonly erp: ErpClient;
  readonly system: RunningSystem;
  stop(): Promise<void>;
}

/** The ERP on a database of its own (or a given one, which it leaves), booking at once, with a client. */
export async function startErp(options: Partial<StartErpOptions> = {}, database?: TestDatabase): Promise<TestErp> {
  const own = database ?? (await createEmptyDatabase());
  const system = await startErpSystem({
    databaseUrl: own.url,
    paceMillis: 0,
    logger: createLogger({ level: 'silent', component: 'test' }),
    sample: () => erpSample,
    ...options,
  });
  const erp = createErpClient({ baseUrl: system.url, token: system.token, timeoutMillis: 5_000 });
  return {
    database: own,
    erp,
    system,
    async stop() {
      await erp.close();
      await system.stop();
      if (!database) await own.drop();
    },
  };
}

/** An invoice over two lanterns: 5.65 net, 1.13 tax, 6.78 gross, unless told otherwise. */
export function newInvoice(overrides: Partial<BillingRequest> = {}): BillingRequest {
  return {
    externalRef: 'shipment-1',
    docType: 'F2',
    soldTo: 'WEB',
    orderRef: 'order-1',
    currency: 'GBP',
    items: [
      { ref: 'line-1', materialNo: 'M-1', quantity: 2, netAmount: '5.65', taxAmount: '1.13', grossAmount: '6.78' },
    ],
    ...overrides,
  };
}
