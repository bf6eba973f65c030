import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { derivedId } from '../../platform/ids.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { trytonNodeSystem } from '../../subgraphs/fulfillment/adapters/tryton.ts';
import type { NodeSystem, NodeWork } from '../../subgraphs/fulfillment/port.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { addWarehouse, countStock } from '../../systems/tryton/server/warehouses.ts';
import { readOnHand, readSites } from '../../systems/tryton/stock.ts';
import { NO_ORIGIN } from '../../systems/tryton/stock-documents.ts';
import { decimal, id } from '../../systems/tryton/wire.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { startTestTryton, type TestTryton } from '../helpers/tryton.ts';
import { nodeSystemContract } from './node-system.contract.ts';

const MODEL = 'stock.shipment.out';
const { signal } = new AbortController();
const record = z.object({ id });

let server: TestTryton;
let database: TestDatabase;
let worlds = 0;
beforeAll(async () => {
  [server, database] = await Promise.all([startTestTryton(), createTestDatabase(['integration'])]);
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function putGoods(tryton: TrytonClient): Promise<void> {
  const [unit] = await tryton.searchRead('product.uom', [['name', '=', 'Unit']], record, []);
  const goods = { type: 'goods', default_uom: unit?.id, sale_uom: unit?.id, salable: true, list_price: decimal('1') };
  await tryton.create('product.template', ['A', 'B'].map((code) => ({ ...goods, name: code, products: [['create', [{ suffix_code: code }]]] }))); // biome-ignore format: one thought
  const products = await tryton.searchRead('product.product', [], record, []);
  const warehouse = await addWarehouse(tryton, { code: 'ST1', name: 'Store' });
  await countStock(tryton, warehouse, products.map((product) => ({ product: product.id, quantity: 10 }))); // biome-ignore format: one thought
}

/** Tryton with a warehouse that has ten units of A and of B. */
async function startNode() {
  const { tryton, close } = await server.open({ name: 'node', put: putGoods });
  worlds += 1;
  const journal = openObservedJournal(database.knex, `tryton${worlds}`);
  const nodes = trytonNodeSystem(tryton, journal, { lookEveryMillis: 0 });
  return { tryton, journal, nodes, locationId: derivedId('location', 'ST1'), stop: close };
}

nodeSystemContract('Tryton', startNode);

describe('shipments of Tryton', () => {
  let tryton: TrytonClient;
  let journal: Awaited<ReturnType<typeof startNode>>['journal'];
  let nodes: NodeSystem;
  let stop: () => Promise<void>;
  let work: NodeWork;
  beforeEach(async () => {
    const started = await startNode();
    ({ tryton, journal, nodes, stop } = started);
    work = {
      fulfillmentOrderId: 'ful_1',
      locationId: started.locationId,
      deliveryMethod: 'SHIPPING',
      serviceLevel: null,
      shipTo: { name: 'Ada Buyer', line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' },
      lines: [
        { lineRef: 'line-1', sku: 'A', quantity: 3 },
        { lineRef: 'line-2', sku: 'A', quantity: 1 },
        { lineRef: 'line-3', sku: 'B', quantity: 2 },
      ],
    };
  });
  afterEach(() => stop());

  const shipments = () => tryton.searchRead(MODEL, [], z.object({ id, number: z.string(), state: z.string(), reference: z.string().nullable() }), ['number', 'state', 'reference']); // biome-ignore format: one thought
  const byHand = async (shipment: number, ...buttons: string[]) => {
    for (const button of buttons) await tryton.press(MODEL, button, [shipment], { accept: NO_ORIGIN });
  };
  const told = async () => (await nodes.events(0, 0, signal)).entries.map(({ kind, issued, short, packages, reason }) => ({ kind, issued, short, packages, reason })); // biome-ignore format: one thought
  const onHand = async () => {
    const site = (await readSites(tryton)).find(({ code }) => code === 'ST1');
    return site ? Object.fromEntries(await readOnHand(tryton, site)) : {};
  };
  const box = (trackingNumber: string, lines: readonly { lineRef: string; quantity: number }[]) => ({ carrier: 'UPS', trackingNumber, sscc: null, serviceLevel: null, lines }); // biome-ignore format: one thought
  const nothing = { issued: [], short: [], packages: [], reason: null };

  it('done by hand are followed, line by line; what staff left out is told as missing', async () => {
    await nodes.release(work, signal);
    const [shipment] = await shipments();
    // One unit of B is broken: staff pick one of two.
    const picked = z.object({ id, 'product.': z.object({ code: z.string() }) });
    const moves = await tryton.searchRead('stock.move', [['shipment', '=', `${MODEL},${shipment?.id}`], ['to_location.type', '=', 'storage']], picked, ['product.code']); // biome-ignore format: one thought
    const broken = moves.filter((move) => move['product.'].code === 'B').map((move) => move.id);
    await tryton.write('stock.move', broken, { quantity: 1 });
    await byHand(shipment?.id ?? 0, 'assign_try', 'pick', 'pack', 'done');
    expect(await told()).toEqual([
      { kind: 'RECEIVED', ...nothing },
      { kind: 'ACCEPTED', ...nothing },
      { kind: 'PICKING', ...nothing },
      { kind: 'PACKED', ...nothing },
      {
        kind: 'ISSUED',
        ...nothing,
        issued: [
          { lineRef: 'line-1', sku: 'A', quantity: 3 },
          { lineRef: 'line-2', sku: 'A', quantity: 1 },
          { lineRef: 'line-3', sku: 'B', quantity: 1 },
        ],
        short: [{ lineRef: 'line-3', sku: 'B', quantity: 1 }],
      },
    ]);
    expect(await onHand()).toEqual({ A: 6, B: 9 });
  });

  it('cancelled by hand give the work back, and nothing leaves', async () => {
    const { nodeReference } = await nodes.release(work, signal);
    const [shipment] = await shipments();
    await byHand(shipment?.id ?? 0, 'cancel');
    expect((await told()).at(-1)).toEqual({ kind: 'REFUSED', ...nothing, reason: 'OTHER' });
    expect(await nodes.accept(nodeReference, signal)).toMatchObject({ kind: 'refused', reason: 'WRONG_STATUS' });
    expect(await onHand()).toEqual({ A: 10, B: 10 });
  });

  it('are not taken on without their goods, which stay free for others', async () => {
    const much = await nodes.release({ ...work, lines: [{ lineRef: 'l', sku: 'A', quantity: 11 }, { lineRef: 'm', sku: 'B', quantity: 10 }] }, signal); // biome-ignore format: one thought
    expect(await nodes.accept(much.nodeReference, signal)).toMatchObject({ kind: 'refused', reason: 'NOT_ENOUGH' });
    const other = await nodes.release({ ...work, fulfillmentOrderId: 'ful_2' }, signal);
    expect(await nodes.accept(other.nodeReference, signal)).toEqual({ kind: 'done' });
    expect((await told()).filter(({ kind }) => kind === 'ACCEPTED')).toHaveLength(1);
  });

  it('leave in parts although a process died in the middle, and the rest stays assigned', async () => {
    const { nodeReference } = await nodes.release(work, signal);
    await nodes.accept(nodeReference, signal);
    const part = { key: 'k1', packages: [box('T1', [{ lineRef: 'line-1', quantity: 2 }, { lineRef: 'line-3', quantity: 2 }])] }; // biome-ignore format: one thought
    // The process dies with its third change in Tryton, which is done all the same.
    let left = 3;
    const dying: TrytonClient = {
      ...tryton,
      async press(...args) {
        const answer = await tryton.press(...args);
        left -= 1;
        if (left === 0) throw new Error('killed');
        return answer;
      },
    };
    await expect(trytonNodeSystem(dying, journal, { lookEveryMillis: 0 }).confirmShipment(nodeReference, part, signal)).rejects.toThrow('killed'); // biome-ignore format: one thought
    expect(await nodes.confirmShipment(nodeReference, part, signal)).toEqual({ kind: 'done' });
    expect(await nodes.confirmShipment(nodeReference, part, signal)).toEqual({ kind: 'done' });
    expect((await shipments()).map(({ state, reference }) => [reference, state])).toEqual([
      ['ful_1', 'assigned'],
      ['ful_1/1', 'done'],
    ]);
    expect(await onHand()).toEqual({ A: 8, B: 8 });
    const rest = { key: 'k2', packages: [box('T2', [{ lineRef: 'line-1', quantity: 1 }, { lineRef: 'line-2', quantity: 1 }])] }; // biome-ignore format: one thought
    expect(await nodes.confirmShipment(nodeReference, rest, signal)).toEqual({ kind: 'done' });
    expect(await onHand()).toEqual({ A: 6, B: 8 });
    const issued = (await told()).filter(({ kind }) => kind === 'ISSUED');
    expect(issued.map(({ packages, short }) => [packages.map(({ trackingNumber }) => trackingNumber), short])).toEqual([
      [['T1'], []],
      [['T2'], []],
    ]);
  });

  it('bear the address that is printed on labels, and goods that are put back can be taken again', async () => {
    const address = z.object({ 'delivery_address.': z.object({ party_name: z.string(), full_address: z.string() }) });
    await nodes.release(work, signal);
    const [sent] = await tryton.searchRead(MODEL, [], address, ['delivery_address.party_name', 'delivery_address.full_address']); // biome-ignore format: one thought
    expect(sent?.['delivery_address.']).toEqual({ party_name: 'Ada Buyer', full_address: '1 High Street\nGB\nN1 1AA London' }); // biome-ignore format: one thought
    const all = { ...work, deliveryMethod: 'PICK_UP' as const, shipTo: null, lines: [{ lineRef: 'l', sku: 'A', quantity: 10 }] }; // biome-ignore format: one thought
    const waiting = await nodes.release({ ...all, fulfillmentOrderId: 'ful_2' }, signal);
    await nodes.accept(waiting.nodeReference, signal);
    await nodes.markReadyForPickup(waiting.nodeReference, signal);
    expect(await nodes.putBack(waiting.nodeReference, signal)).toEqual({ kind: 'done' });
    const next = await nodes.release({ ...all, fulfillmentOrderId: 'ful_3' }, signal);
    expect(await nodes.accept(next.nodeReference, signal)).toEqual({ kind: 'done' });
    expect(await onHand()).toEqual({ A: 10, B: 10 });
  });
});
