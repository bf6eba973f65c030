import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { trytonOrderDesk } from '../../subgraphs/order/adapters/tryton.ts';
import type { DeskOrder, OrderDesk } from '../../subgraphs/order/port.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { TRYTON_PROFILE } from '../../systems/tryton/profile.ts';
import { decimal, decimalText, id } from '../../systems/tryton/wire.ts';
import { startTestTryton, type TestTryton } from '../helpers/tryton.ts';
import { orderDeskContract } from './order-desk.contract.ts';

const { signal } = new AbortController();
const record = z.object({ id });

let server: TestTryton;
beforeAll(async () => {
  server = await startTestTryton();
});
afterAll(() => server.stop());

async function putGoods(tryton: TrytonClient): Promise<void> {
  const [unit] = await tryton.searchRead('product.uom', [['name', '=', 'Unit']], record, []);
  const goods = { type: 'goods', default_uom: unit?.id, sale_uom: unit?.id, salable: true, list_price: decimal('1') };
  for (const code of ['71053', '85123A'])
    await tryton.create('product.template', [
      { ...goods, name: code, products: [['create', [{ suffix_code: code }]]] },
    ]);
}

/** Tryton with the goods that are ordered. */
async function startDesk() {
  const { tryton, close } = await server.open({ name: 'desk', put: putGoods });
  return { tryton, desk: trytonOrderDesk(tryton), stop: close };
}

orderDeskContract('Tryton', startDesk, TRYTON_PROFILE);

describe('sales of Tryton', () => {
  let tryton: TrytonClient;
  let desk: OrderDesk;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ tryton, desk, stop } = await startDesk());
  });
  afterAll(() => stop());

  const orderOf = (orderId: string): DeskOrder => ({
    orderId,
    number: '100001',
    channelCode: 'WEB',
    channelOrderId: null,
    currencyCode: 'GBP',
    lines: [
      { lineId: `${orderId}-1`, sku: '71053', quantity: 5, unitPrice: '3.39' },
      { lineId: `${orderId}-2`, sku: '85123A', quantity: 2, unitPrice: '2.55' },
    ],
    destination: { countryCode: 'GB', postalCode: 'N1 1AA' },
  });
  const sale = z.object({ id, number: z.string().nullable(), state: z.string(), description: z.string(), total_amount: decimalText }); // biome-ignore format: one thought
  const sales = (orderId: string) => tryton.searchRead('sale.sale', [['reference', '=', orderId]], sale, ['number', 'state', 'description', 'total_amount']); // biome-ignore format: one thought

  it('are processed as their own staff would, with what the buyer pays, and name no buyer', async () => {
    const { deskNumber } = await desk.register(orderOf('ord_a'), signal);
    expect(await sales('ord_a')).toMatchObject([
      {
        number: deskNumber,
        state: 'done',
        description: '100001 WEB',
        total_amount: expect.stringMatching(/^22\.050*$/),
      },
    ]);
    const party = z.object({ 'party.': z.object({ name: z.string() }) });
    expect(await tryton.searchRead('sale.sale', [], party, ['party.name'])).toEqual([{ 'party.': { name: 'Customers of the commerce graph' } }]); // biome-ignore format: one thought
  });

  it('that were broken off are gone on with, and one that was made twice stays once', async () => {
    await desk.register(orderOf('ord_b'), signal);
    const [first] = await sales('ord_b');
    if (!first) throw new Error('no sale');
    // What a request leaves whose answer was lost: a draft under the same reference.
    const [copy = 0] = await tryton.call('model.sale.sale.copy', [[first.id], {}], z.array(id), { repeatable: false });
    await tryton.write('sale.sale', [copy], { reference: 'ord_c' });
    expect(await desk.find('ord_c', signal)).toBeNull();
    expect((await desk.register(orderOf('ord_c'), signal)).acknowledgedAt).toBeInstanceOf(Date);
    expect(await sales('ord_c')).toMatchObject([{ id: copy, state: 'done' }]);

    await tryton.call('model.sale.sale.copy', [[first.id], {}], z.array(id), { repeatable: false });
    expect(await sales('ord_b')).toHaveLength(2);
    expect((await desk.register(orderOf('ord_b'), signal)).deskNumber).toBe(first.number);
    expect(await sales('ord_b')).toEqual([first]);
  });

  it('lose what is cancelled, never more than that, and their amounts follow', async () => {
    await desk.register(orderOf('ord_d'), signal);
    const cancel = (left: number) => desk.cancel({ noticeId: `can_${left}`, orderId: 'ord_d', lines: [{ lineId: 'ord_d-1', quantity: 1, left }], reason: 'OTHER' }, signal); // biome-ignore format: one thought
    await cancel(2);
    await cancel(2);
    // A notice that was under way longer than the one after it.
    await cancel(4);
    expect((await sales('ord_d'))[0]?.total_amount).toMatch(/^11\.880*$/);
  });

  it('that a person cancelled there are not made anew, and nobody says that they were acknowledged', async () => {
    const draft = { party: 1, currency: 1, invoice_method: 'manual', shipment_method: 'manual', reference: 'ord_e', number: 'S-1' }; // biome-ignore format: one thought
    const made = await tryton.create('sale.sale', [draft]);
    await tryton.press('sale.sale', 'cancel', made);
    expect(await desk.register(orderOf('ord_e'), signal)).toEqual({ deskNumber: 'S-1', acknowledgedAt: null });
  });

  it('are refused with what is to be done, when Tryton lacks what they name', async () => {
    const unknown = { ...orderOf('ord_f'), lines: [{ lineId: 'l', sku: 'NOPE', quantity: 1, unitPrice: '1.00' }] };
    await expect(desk.register(unknown, signal)).rejects.toMatchObject({
      code: 'SYSTEM_REJECTED',
      message: expect.stringContaining('no product with the code NOPE'),
    });
    const foreign = { ...orderOf('ord_f'), currencyCode: 'USD' };
    await expect(desk.register(foreign, signal)).rejects.toThrow('Tryton has no currency USD');
    expect(await sales('ord_f')).toEqual([]);
  });
});
