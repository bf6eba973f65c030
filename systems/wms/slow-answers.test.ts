import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createProxy, type Socket } from 'node:net';
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

  /** A wire to the warehouse that breaks once, in the middle of an answer that says 200: `reset`, or silent with everything open. */
  async function breakingWire(how: 'reset' | 'silence') {
    const target = new URL(warehouse.system.url);
    const open = new Set<Socket>();
    let broken = 0;
    const server = createProxy((client) => {
      const system = connect(Number(target.port), target.hostname);
      let answer = Buffer.alloc(0);
      for (const socket of [client, system]) {
        open.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          client.destroy();
          system.destroy();
        });
      }
      client.on('data', (data) => system.write(data));
      system.on('data', (data) => {
        if (broken > 0 && answer.length === 0) return void client.write(data);
        answer = Buffer.concat([answer, data]);
        const body = answer.indexOf('\r\n\r\n') + 4;
        if (body < 4 || answer.length < body + 20) return;
        if (broken++ > 0) return;
        client.write(answer.subarray(0, body + 10), () => how === 'reset' && client.resetAndDestroy());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, broken: () => broken, close };
  }

  it.each(['reset', 'silence'] as const)(
    'has done its work once when the wire breaks in the middle of its answer: %s',
    async (how) => {
      const wire = await breakingWire(how);
      const wms = createWmsClient({ baseUrl: wire.url, token: warehouse.system.token, timeoutMillis: how === 'reset' ? 30_000 : 400 }); // biome-ignore format: one thought
      const delivery = newDelivery();
      const first = wms.createDelivery(delivery);
      // A connection that was cut is tried again within the call; one that is silent takes all of its time.
      if (how === 'silence') await expect(first).rejects.toMatchObject({ code: 'SYSTEM_TIMEOUT' });
      else await first;
      expect(wire.broken()).toBe(1);
      await wms.close();
      await wire.close();
      const answer = await warehouse.wms.createDelivery(delivery);
      const { deliveries } = await warehouse.wms.deliveries({ externalRef: delivery.externalRef });
      expect(deliveries.map((one) => one.deliveryNo)).toEqual([answer.deliveryNo]);
    },
  );
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
