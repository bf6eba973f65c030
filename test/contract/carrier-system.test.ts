import { createLogger } from '../../platform/logger.ts';
import { referenceCarrier, referenceTrackers } from '../../subgraphs/fulfillment/adapters/carrier.ts';
import { easyPostTrackers } from '../../subgraphs/fulfillment/adapters/easypost.ts';
import { memoryCarrier } from '../../subgraphs/fulfillment/adapters/memory.ts';
import { shipEngineTrackers } from '../../subgraphs/fulfillment/adapters/shipengine.ts';
import { createCarrierClient } from '../../systems/carrier/client.ts';
import { startCarrierSystem } from '../../systems/carrier/simulator/start.ts';
import { createEasyPostClient } from '../../systems/easypost/client.ts';
import { startEasyPostReference } from '../../systems/easypost/simulator/start.ts';
import { createShipEngineClient } from '../../systems/shipengine/client.ts';
import { createKeyring } from '../../systems/shipengine/keyring.ts';
import { startShipEngineReference } from '../../systems/shipengine/simulator/start.ts';
import { createEmptyDatabase } from '../helpers/database.ts';
import { until } from '../helpers/processes.ts';
import { carrierSystemContract } from './carrier-system.contract.ts';
import { carrierTrackersContract } from './carrier-trackers.contract.ts';

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

carrierTrackersContract('the reference carrier over HTTP', async () => {
  const database = await createEmptyDatabase();
  const logger = createLogger({ level: 'silent', component: 'test' });
  const system = await startCarrierSystem({ databaseUrl: database.url, paceMillis: 3_600_000, logger });
  const client = createCarrierClient({ baseUrl: system.url, token: system.token, timeoutMillis: 5_000 });
  await client.registerConsignment({
    trackingNo: 'NL1',
    reference: 'r',
    service: 'STANDARD',
    destinationCountry: 'GB',
  });
  let scans = 0;
  return {
    trackers: referenceTrackers(client),
    parcel: { carrier: 'NORTHLINE', trackingNumber: 'NL1' },
    stranger: { carrier: 'NORTHLINE', trackingNumber: 'NL2' },
    async scan(status) {
      scans += 1;
      await fetch(`${system.url}/consignments/NL1/scans`, {
        method: 'POST',
        headers: { authorization: `Bearer ${system.token}` },
        body: JSON.stringify({ reference: `s${scans}`, status }),
      });
    },
    webhook: null,
    async stop() {
      await client.close();
      await system.stop();
      await database.drop();
    },
  };
});

carrierTrackersContract('EasyPost', async () => {
  const apiKey = 'EZTK-key';
  const webhookSecret = 'a sécret';
  const reference = await startEasyPostReference({ apiKey, webhookSecret, carriers: ['RoyalMail'] });
  const client = createEasyPostClient({ baseUrl: reference.url, apiKey, timeoutMillis: 5_000 });
  let scans = 0;
  return {
    trackers: easyPostTrackers(client, { webhookSecret, carriers: new Map([['ROYALMAIL', 'RoyalMail'], ['DPD', 'DPDUK']]) }),
    parcel: { carrier: 'ROYALMAIL', trackingNumber: 'RM1001' },
    stranger: { carrier: 'DPD', trackingNumber: 'RM1002' },
    async scan(status) {
      scans += 1;
      const datetime = `2026-01-01T00:00:0${scans}Z`;
      reference.scan('RM1001', { status, status_detail: null, message: 'Scan', datetime, city: 'LEEDS' });
    },
    webhook(sentAt) {
      const { headers, body } = reference.webhook('RM1001', { sentAt });
      return { method: 'POST', headers, body: Buffer.from(body) };
    },
    async stop() {
      await client.close();
      await reference.stop();
    },
  };
}); // biome-ignore format: one world

carrierTrackersContract('ShipEngine', async () => {
  const reference = await startShipEngineReference({ apiKey: 'TEST_key', carriers: ['royal_mail'] });
  const client = createShipEngineClient({ baseUrl: reference.url, apiKey: 'TEST_key', timeoutMillis: 5_000 });
  const keyring = createKeyring(() => client.keys());
  await keyring.refresh();
  let [scans, sent] = [0, 0];
  return {
    trackers: shipEngineTrackers(client, { keyring, carriers: new Map([['ROYALMAIL', 'royal_mail'], ['DPD', 'dpd_uk']]) }),
    parcel: { carrier: 'ROYALMAIL', trackingNumber: 'RM1001' },
    stranger: { carrier: 'DPD', trackingNumber: 'RM1002' },
    async scan(status_code) {
      scans += 1;
      reference.scan('RM1001', { status_code, occurred_at: `2026-01-01T00:00:0${scans}` });
    },
    // Two messages never have the same time.
    webhook(sentAt) {
      const { headers, body } = reference.webhook('RM1001', { sentAt: new Date(sentAt.getTime() + ++sent) });
      return { method: 'POST', headers, body: Buffer.from(body) };
    },
    async stop() {
      await client.close();
      await reference.stop();
    },
  };
}); // biome-ignore format: one world
