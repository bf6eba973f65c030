import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newDelivery, startWarehouse, type Warehouse } from '../../test/helpers/warehouse.ts';
import { createWmsClient } from './client.ts';

describe('a warehouse that answers too late, or never', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await startWarehouse();
  });
  afterAll(() => warehouse.stop());

  const fault = (kind: string) =>
    fetch(`${warehouse.system.url}/_faults`, {
      method: 'POST',
      headers: { authorization: `Bearer ${warehouse.system.token}`, 'content-type': 'application/json' },
      body: JSON.stringify([{ route: '/outbound-deliveries', method: 'POST', kind, times: 1 }]),
    });

  it.each([
    ['does the work and never says so', 'late-success'],
    ['takes the request and never does the work', 'hang'],
  ])('%s: the call fails in time, and its repetition has the one effect', async (_, kind) => {
    const impatient = createWmsClient({
      baseUrl: warehouse.system.url,
      token: warehouse.system.token,
      timeoutMillis: 400,
    });
    await fault(kind);
    const delivery = newDelivery();
    await expect(impatient.createDelivery(delivery)).rejects.toMatchObject({ code: 'SYSTEM_TIMEOUT' });
    const answer = await warehouse.wms.createDelivery(delivery);
    const { deliveries } = await warehouse.wms.deliveries({ externalRef: delivery.externalRef });
    expect(deliveries.map((one) => one.deliveryNo)).toEqual([answer.deliveryNo]);
    await impatient.close();
  });
});

it('an answer that trickles ends with the time of its call, and keeps no other call waiting', async () => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url?.startsWith('/sites')) return void response.end('{"sites":[]}');
    response.write('{"positions":[');
    const trickle = setInterval(() => response.write(' '.repeat(100)), 100);
    response.on('close', () => clearInterval(trickle));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const wms = createWmsClient({ baseUrl: `http://127.0.0.1:${port}`, token: 't', timeoutMillis: 1_000 });
  let ended = false;
  const slow = wms.stock({}).finally(() => {
    ended = true;
  });
  const refused = expect(slow).rejects.toMatchObject({ code: 'SYSTEM_TIMEOUT' });
  expect(await wms.sites()).toEqual([]);
  expect(ended).toBe(false);
  await refused;
  await wms.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
