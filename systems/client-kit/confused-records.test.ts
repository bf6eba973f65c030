import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createErpClient, type ErpClient } from '../erp/client.ts';
import { createOmsClient, type OmsClient } from '../oms/client.ts';
import { createWmsClient, type WmsClient } from '../wms/client.ts';

// A system that confuses its records answers in the right shape, with the right status, about somebody else.

const MINE = 'mine-1';
const CANARY = 'canary-of-another';
let answer: unknown;
let server: Server;
let oms: OmsClient;
let wms: WmsClient;
let erp: ErpClient;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
// Of their own for each test: bad answers open the circuit.
beforeEach(() => {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = { baseUrl, token: 't', timeoutMillis: 5_000 };
  [oms, wms, erp] = [createOmsClient(options), createWmsClient(options), createErpClient(options)];
});
afterEach(() => Promise.all([oms.close(), wms.close(), erp.close()]));

const at = '2026-11-23T09:00:00Z';
const deskOrder = (of: string) => ({ deskNo: of, origin: 'CLIENT', clientRef: of, channelRef: 'WEB', channelOrderNo: of, currency: 'GBP', deliverTo: null, state: 'RECEIVED', positions: [], receivedAt: at, acknowledgedAt: null, changeNo: 1 }); // biome-ignore format: a record
const delivery = (of: string) => ({ deliveryNo: of, externalRef: of, site: 'DC1', service: 'STANDARD', collect: false, status: 'RECEIVED', reasonCode: null, cancellation: null, lines: [], parcels: [], createdAt: at, changedAt: at }); // biome-ignore format: a record
const ledgerEntry = (of: string) => ({ ledgerNo: 1, site: 'DC1', articleNo: 'ART-A', movementCode: 'AD', quantityDelta: 1, balanceAfter: 1, bookedAt: at, documentRef: of, lineRef: null }); // biome-ignore format: a record
const billing = (of: string) => ({ externalRef: of, docType: 'F2', soldTo: 'WEB', orderRef: of, currency: 'GBP', billingNo: '90', items: [], netAmount: '1.00', taxAmount: '0.00', grossAmount: '1.00', paidAmount: '0.00', status: 'OPEN', createdAt: at, posting: null, changeNo: 1 }); // biome-ignore format: a record
const payment = (of: string) => ({ paymentRef: of, accountingDocNo: 'A1', billingDocument: billing(MINE) });
const glDocument = (of: string) => ({ externalRef: of, accountingDocNo: 'A1', postingPeriod: '2026-11', postedAt: at });

const shipTo = { addressee: 'A. Buyer', street: '1 High Street', street2: null, city: 'London', region: null, postcode: 'N1 1AA', country: 'GB' }; // biome-ignore format: a record
const items = [{ ref: '1', materialNo: null, quantity: 1, netAmount: '1.00', taxAmount: '0.00', grossAmount: '1.00' }];
const lines = [{ account: '1361', debitCredit: 'S' as const, amount: '1.00' }, { account: '1362', debitCredit: 'H' as const, amount: '1.00' }]; // biome-ignore format: a record

/** What each client may be asked about one record. */
const questions: readonly (readonly [string, (of: string) => unknown, () => Promise<unknown>])[] = [
  ['desk order, registered', deskOrder, () => oms.registerOrder({ clientRef: MINE, channelRef: 'WEB', channelOrderNo: null, currency: 'GBP', deliverTo: null, positions: [{ posRef: '1', itemCode: 'A', qty: 1, unitPrice: '1.00' }] })],
  ['desk order by reference', deskOrder, () => oms.findByClientRef(MINE)],
  ['desk order by number', deskOrder, () => oms.findByDeskNo(MINE)],
  ['dispatch noted', deskOrder, () => oms.noteDispatch(MINE, { noticeRef: 'n', positions: [{ posRef: '1', qty: 1 }], parcels: [] })],
  ['delivery, created', delivery, () => wms.createDelivery({ externalRef: MINE, site: 'DC1', service: 'STANDARD', collect: false, shipTo, lines: [{ lineRef: '1', articleNo: 'ART-A', quantity: 1 }] })],
  ['delivery by number', delivery, () => wms.delivery(MINE)],
  ['delivery, accepted', delivery, () => wms.acceptDelivery(MINE)],
  ['adjustment', ledgerEntry, () => wms.adjust({ reference: MINE, site: 'DC1', articleNo: 'ART-A', change: { delta: 1 }, reasonCode: 'COUNT' })],
  ['billing document, created', billing, () => erp.createBilling({ externalRef: MINE, docType: 'F2', soldTo: 'WEB', orderRef: '1', currency: 'GBP', items })],
  ['billing document by reference', billing, () => erp.findBillingByReference(MINE)],
  ['payment', payment, () => erp.pay({ paymentRef: MINE, billingNo: '90', currency: 'GBP', amount: '1.00' })],
  ['G/L document, created', glDocument, () => erp.createGlDocument({ externalRef: MINE, postingPeriod: '2026-11', currency: 'GBP', headerText: 'x', lines })],
  ['G/L document by reference', glDocument, () => erp.findGlDocumentByReference(MINE)],
]; // biome-ignore format: a table

describe.each(questions)('%s', (_, recordOf, ask) => {
  it('is taken when it is the one that was asked for', async () => {
    answer = recordOf(MINE);
    expect(await ask()).toBeDefined();
  });

  it('is refused when it is another, and nothing of that one is passed on', async () => {
    answer = recordOf(CANARY);
    const failure = await ask().then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'SYSTEM_BAD_RESPONSE' });
    expect(inspect(failure, { depth: null })).not.toContain(CANARY);
  });
});
