import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newInvoice, startErp, type TestErp } from '../../test/helpers/erp.ts';
import type { AccountingDocument } from './wire.ts';

let test: TestErp;
beforeEach(async () => {
  test = await startErp();
});
afterEach(() => test.stop());

const journal = async () => (await test.erp.accountingChanges({ after: 0 })).accountingDocuments;
const linesOf = (document: AccountingDocument | undefined) =>
  document?.lines.map(
    ({ account, debitCredit, amount, currency }) => `${account} ${debitCredit} ${amount} ${currency}`,
  );

describe('an invoice', () => {
  it('is booked with equal debits and credits', async () => {
    const document = await test.erp.createBilling(newInvoice());
    expect(document).toMatchObject({
      billingNo: '0090000001',
      netAmount: '5.65',
      taxAmount: '1.13',
      grossAmount: '6.78',
      paidAmount: '0.00',
      status: 'POSTED',
      posting: { accountingDocNo: '0100000001' },
    });
    const [booked] = await journal();
    expect(booked).toMatchObject({
      docType: 'RV',
      billingNo: '0090000001',
      headerText: 'Invoice 0090000001, order order-1',
    });
    expect(linesOf(booked)).toEqual(['1200 S 6.78 GBP', '8400 H 5.65 GBP', '1776 H 1.13 GBP']);
    expect(booked?.lines.map((line) => line.accountName)).toEqual(['Trade receivables', 'Revenue', 'Output tax']);
  });

  it('is made once per reference, also when it is asked for many times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => test.erp.createBilling(newInvoice())));
    expect(new Set(answers.map((answer) => answer.billingNo)).size).toBe(1);
    expect(await test.erp.createBilling(newInvoice())).toEqual(answers[0]);
    expect(await test.system.counters.effects()).toMatchObject({ invoices: 1, accountingDocuments: 1 });
    const { billingDocuments, head } = await test.erp.billingChanges({ after: 0 });
    expect(billingDocuments.map((one) => one.changeNo)).toEqual([head]);
  });

  it('is not made of a reference that was used for something else', async () => {
    await test.erp.createBilling(newInvoice());
    await expect(test.erp.createBilling(newInvoice({ orderRef: 'order-2' }))).rejects.toMatchObject({
      code: 'SYSTEM_REJECTED',
      details: { status: 409, systemCode: 'REFERENCE_REUSED' },
    });
    expect(await test.system.counters.effects()).toMatchObject({ invoices: 1, accountingDocuments: 1 });
  });

  it('is found by its reference', async () => {
    const document = await test.erp.createBilling(newInvoice({ externalRef: 'shipment/1 ä' }));
    expect(await test.erp.findBillingByReference('shipment/1 ä')).toEqual(document);
    expect(await test.erp.findBillingByReference('shipment-2')).toBeNull();
  });

  it.each([
    ['amounts that do not add up', { grossAmount: '6.79' }, 'AMOUNTS_DO_NOT_ADD_UP'],
    ['an unknown material', { materialNo: 'M-9' }, 'UNKNOWN_MATERIAL'],
    ['amounts in the digits of another currency', { netAmount: '5.650' }, 'INVALID'],
  ])('is refused for %s, and nothing is stored', async (_what, change, systemCode) => {
    const items = newInvoice().items.map((item) => ({ ...item, ...change }));
    await expect(test.erp.createBilling(newInvoice({ items }))).rejects.toMatchObject({
      details: { status: 422, systemCode },
    });
    expect(await test.system.counters.effects()).toMatchObject({ invoices: 0, accountingDocuments: 0 });
    expect((await test.erp.createBilling(newInvoice())).status).toBe('POSTED');
  });

  it('may be in yen or dinars, carry freight, and contain no tax', async () => {
    const freight = { ref: 'freight', materialNo: null, quantity: 1, taxAmount: '0' };
    const yen = newInvoice({ currency: 'JPY', items: [{ ...freight, netAmount: '1200', grossAmount: '1200' }] });
    const dinars = newInvoice({
      externalRef: 'shipment-2',
      currency: 'KWD',
      items: [{ ...freight, netAmount: '1.250', taxAmount: '0.000', grossAmount: '1.250' }],
    });
    await test.erp.createBilling(yen);
    await test.erp.createBilling(dinars);
    expect((await journal()).map(linesOf)).toEqual([
      ['1200 S 1200 JPY', '8400 H 1200 JPY'],
      ['1200 S 1.250 KWD', '8400 H 1.250 KWD'],
    ]);
  });

  it('over nothing is cleared as soon as it is booked', async () => {
    const items = newInvoice().items.map((item) => ({
      ...item,
      netAmount: '0.00',
      taxAmount: '0.00',
      grossAmount: '0.00',
    }));
    expect((await test.erp.createBilling(newInvoice({ items }))).status).toBe('CLEARED');
  });

  it('takes 593 items', async () => {
    const [item] = newInvoice().items;
    const items = Array.from({ length: 593 }, (_, index) => ({ ...item!, ref: `line-${index}` }));
    expect(await test.erp.createBilling(newInvoice({ items }))).toMatchObject({ grossAmount: '4020.54' });
  });
});

describe('a credit memo', () => {
  it('books the opposite of an invoice', async () => {
    await test.erp.createBilling(newInvoice({ docType: 'G2', externalRef: 'refund-1' }));
    expect(linesOf((await journal())[0])).toEqual(['1200 H 6.78 GBP', '8400 S 5.65 GBP', '1776 S 1.13 GBP']);
  });

  it('is paid out, which clears it and leaves the account even', async () => {
    const { billingNo } = await test.erp.createBilling(newInvoice({ docType: 'G2', externalRef: 'refund-1' }));
    expect(await test.erp.findCustomerAccount('WEB')).toEqual({
      soldTo: 'WEB',
      openBalances: [{ currency: 'GBP', amount: '-6.78' }],
    });
    const paid = await test.erp.pay({ paymentRef: 'payout-1', billingNo, currency: 'GBP', amount: '6.78' });
    expect(paid.billingDocument.status).toBe('CLEARED');
    expect(linesOf((await journal())[1])).toEqual(['1800 H 6.78 GBP', '1200 S 6.78 GBP']);
    expect((await test.erp.findCustomerAccount('WEB'))?.openBalances).toEqual([{ currency: 'GBP', amount: '0.00' }]);
  });
});

describe('a payment', () => {
  const payment = { paymentRef: 'payment-1', billingNo: '0090000001', currency: 'GBP', amount: '6.78' };

  it('clears the invoice and is booked once, also when it is sent many times at once', async () => {
    await test.erp.createBilling(newInvoice());
    const answers = await Promise.all(Array.from({ length: 6 }, () => test.erp.pay(payment)));
    expect(new Set(answers.map((answer) => answer.accountingDocNo)).size).toBe(1);
    expect(answers.every((answer) => answer.billingDocument.status === 'CLEARED')).toBe(true);
    expect((await journal()).map(linesOf)).toEqual([
      ['1200 S 6.78 GBP', '8400 H 5.65 GBP', '1776 H 1.13 GBP'],
      ['1800 S 6.78 GBP', '1200 H 6.78 GBP'],
    ]);
  });

  it('may come in parts, and many of them at once never pay too much', async () => {
    await test.erp.createBilling(newInvoice());
    const part = (paymentRef: string) => test.erp.pay({ ...payment, paymentRef, amount: '2.00' });
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => part(`part-${index}`)));
    expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(3);
    expect(test.erp.statistics().failures).toBe(0); // the others are refused, not broken
    const { billingDocuments } = await test.erp.billingChanges({ after: 0 });
    expect(billingDocuments).toMatchObject([{ status: 'POSTED', paidAmount: '6.00' }]);
    const rest = await test.erp.pay({ ...payment, paymentRef: 'rest', amount: '0.78' });
    expect(rest.billingDocument).toMatchObject({ status: 'CLEARED', paidAmount: '6.78' });
  });

  it.each([
    ['an unknown document', { billingNo: '1' }, 404, 'UNKNOWN_BILLING_DOCUMENT'],
    ['more than is open', { amount: '6.79' }, 422, 'MORE_THAN_OPEN'],
    ['another currency', { currency: 'EUR' }, 422, 'WRONG_CURRENCY'],
    ['nothing', { amount: '0.00' }, 422, 'INVALID'],
  ])('is refused for %s, and its reference stays free', async (_what, change, status, systemCode) => {
    await test.erp.createBilling(newInvoice());
    await expect(test.erp.pay({ ...payment, ...change })).rejects.toMatchObject({ details: { status, systemCode } });
    expect(await test.system.counters.effects()).toMatchObject({ payments: 0, accountingDocuments: 1 });
    expect((await test.erp.pay(payment)).billingDocument.status).toBe('CLEARED');
  });

  it('is booked on the accounts it names instead of the bank', async () => {
    await test.erp.createBilling(newInvoice());
    const clearingAccounts = [
      { account: '1361', amount: '5.65' },
      { account: '1777', amount: '1.13' },
    ];
    await test.erp.pay({ ...payment, clearingAccounts });
    expect(linesOf((await journal())[1])).toEqual(['1361 S 5.65 GBP', '1777 S 1.13 GBP', '1200 H 6.78 GBP']);
  });

  it.each([
    ['parts that are not the amount', [{ account: '1361', amount: '6.77' }], 'AMOUNTS_DO_NOT_ADD_UP'],
    ['an account that is not in the chart', [{ account: '99999', amount: '6.78' }], 'UNKNOWN_ACCOUNT'],
    [
      'a part of nothing',
      [
        { account: '1361', amount: '6.78' },
        { account: '1777', amount: '0.00' },
      ],
      'INVALID',
    ],
  ])('is refused for %s', async (_what, clearingAccounts, systemCode) => {
    await test.erp.createBilling(newInvoice());
    await expect(test.erp.pay({ ...payment, clearingAccounts })).rejects.toMatchObject({
      details: { status: 422, systemCode },
    });
    expect(await test.system.counters.effects()).toMatchObject({ payments: 0, accountingDocuments: 1 });
  });

  it('with the reference of another one is refused', async () => {
    await test.erp.createBilling(newInvoice());
    await test.erp.pay({ ...payment, amount: '1.00' });
    await expect(test.erp.pay({ ...payment, amount: '2.00' })).rejects.toMatchObject({
      details: { status: 409, systemCode: 'REFERENCE_REUSED' },
    });
  });
});

it('books a document of another ledger once, also when it is sent many times at once, on accounts of its chart', async () => {
  const document = {
    externalRef: 'voucher-1',
    postingPeriod: '2026-11',
    currency: 'JPY',
    headerText: 'Channel ledger',
    lines: [
      { account: '13621', debitCredit: 'S', amount: '500' },
      { account: '1361', debitCredit: 'H', amount: '500' },
    ] as const,
  };
  const request = { ...document, lines: [...document.lines] };
  await expect(test.erp.createGlDocument(request)).rejects.toMatchObject({
    details: { status: 422, systemCode: 'UNKNOWN_ACCOUNT' },
  });
  await test.erp.putGlAccount('13621', { accountName: 'A channel' });
  const answers = await Promise.all(Array.from({ length: 6 }, () => test.erp.createGlDocument(request)));
  expect(new Set(answers.map((answer) => answer.accountingDocNo))).toEqual(new Set(['0100000001']));
  expect(await test.erp.findGlDocumentByReference('voucher-1')).toEqual(answers[0]);
  expect(await test.system.counters.effects()).toMatchObject({ glDocuments: 1, accountingDocuments: 1 });
  expect(await journal()).toMatchObject([
    { docType: 'SA', billingNo: null, lines: [{ accountName: 'A channel' }, {}] },
  ]);
});

describe('at demo speed', () => {
  it('a document is open first, then booked, and the feed tells both', async () => {
    const slow = await startErp({ paceMillis: 150 });
    try {
      const created = await slow.erp.createBilling(newInvoice());
      expect(created).toMatchObject({ status: 'OPEN', posting: null });
      await expect(
        slow.erp.pay({ paymentRef: 'p', billingNo: created.billingNo, currency: 'GBP', amount: '6.78' }),
      ).rejects.toMatchObject({ details: { status: 409, systemCode: 'NOT_POSTED' } });
      const { billingDocuments } = await slow.erp.billingChanges({ after: created.changeNo, waitSeconds: 5 });
      expect(billingDocuments).toMatchObject([{ billingNo: created.billingNo, status: 'POSTED' }]);
      expect(await slow.system.counters.effects()).toMatchObject({ accountingDocuments: 1, payments: 0 });
    } finally {
      await slow.stop();
    }
  });

  it('a document left open by a stopped system is booked by the next one, once', async () => {
    const before = await startErp({ paceMillis: 300 });
    try {
      await before.erp.createBilling(newInvoice());
      await before.system.stop();
      await pause(350);
      const after = await startErp({ paceMillis: 300 }, before.database);
      const { billingDocuments } = await after.erp.billingChanges({ after: 1, waitSeconds: 5 });
      expect(billingDocuments).toMatchObject([{ status: 'POSTED' }]);
      expect(await after.system.counters.effects()).toMatchObject({ invoices: 1, accountingDocuments: 1 });
      await after.stop();
    } finally {
      await before.erp.close();
      await before.database.drop();
    }
  });

  it('an answer that never arrived is found by asking again', async () => {
    test.system.setFaults([
      { route: '/billing-documents', method: 'POST', kind: 'late-success', value: 10_000, times: 1 },
    ]);
    const givingUp = new AbortController();
    const asked = expect(test.erp.createBilling(newInvoice(), { signal: givingUp.signal })).rejects.toMatchObject({ code: 'REQUEST_ABORTED' }); // biome-ignore format: one thought
    while ((await test.system.counters.effects()).invoices === 0) await pause(20);
    givingUp.abort();
    await asked;
    const found = await test.erp.findBillingByReference('shipment-1');
    expect(found?.billingNo).toBe('0090000001');
    expect(await test.erp.createBilling(newInvoice())).toEqual(found);
  });
});

it('cannot store books that do not balance', async () => {
  await test.erp.createBilling(newInvoice());
  await expect(
    test.database.knex.raw(`update erp.accounting_line set amount_minor = amount_minor + 1 where line_no = 1`),
  ).rejects.toThrow('does not balance');
});
