import { createLogger } from '../../platform/logger.ts';
import { referenceCarrier } from '../../subgraphs/fulfillment/adapters/carrier.ts';
import { memoryCarrier } from '../../subgraphs/fulfillment/adapters/memory.ts';
import { createCarrierClient } from '../../systems/carrier/client.ts';
import { startCarrierSystem } from '../../systems/carrier/simulator/start.ts';
import { createEmptyDatabase } from '../helpers/database.ts';
import { until } from '../helpers/processes.ts';
import { carrierSystemContract } from './carrier-system.contract.ts';

carrierSystemContract('memory', async () => {
  const carrier = memoryCarrier();
  const scan = (trackingNumber: string, status: string) =>
    carrier.scan({
      carrier: 'UPS',
      trackingNumber,
      status,
      statusDetail: null,
      occurredAt: new Date(),
      location: null,
      message: null,
    });
  return {
    carrier,
    async deliver(trackingNumber) {
      scan(trackingNumber, 'in_transit');
      scan(trackingNumber, 'delivered');
    },
    stop: async () => undefined,
  };
});

carrierSystemContract('the reference carrier over HTTP', async () => {
  const database = await createEmptyDatabase();
  const system = await startCarrierSystem({
    databaseUrl: database.url,
    paceMillis: 5,
    logger: createLogger({ level: 'silent', component: 'test' }),
  });
  const client = createCarrierClient({ baseUrl: system.url, token: system.token, timeoutMillis: 5_000 });
  return {
    carrier: referenceCarrier(client),
    async deliver(trackingNo) {
      await client.registerConsignment({
        trackingNo,
        reference: trackingNo,
        service: 'STANDARD',
        destinationCountry: 'GB',
      });
      await until(async () => (await client.consignment(trackingNo))?.status === 'delivered');
    },
    async stop() {
      await client.close();
      await system.stop();
      await database.drop();
    },
  };
});
