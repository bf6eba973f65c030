import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DocumentRequest, FinanceSystem, VoucherRequest } from '../../subgraphs/settlement/port.ts';
import { can, type SystemProfile } from '../../systems/port-map.ts';

const signal = new AbortController().signal;

/** 9.33 GBP, of which 1.56 is tax. */
const invoice: DocumentRequest = {
  key: 'shp_1:invoice',
  kind: 'INVOICE',
  account: 'C-1',
  orderNumber: '100001',
  currencyCode: 'GBP',
  lines: [
    { lineId: 'line-1', sku: 'A1', quantity: 2, netMinor: 565n, taxMinor: 113n },
    { lineId: 'line-2', sku: 'A2', quantity: 1, netMinor: 212n, taxMinor: 43n },
  ],
};

/** What the invoice's buyer paid a marketplace that keeps the tax. */
const paymentOf = (number: string) => ({
  key: 'pay',
  number,
  currencyCode: 'GBP',
  amountMinor: 933n,
  accounts: [
    { account: '1361', amountMinor: 777n },
    { account: '1777', amountMinor: 156n },
  ],
});

/** A payout of 7.50 GBP after 1.50 of fees; the channel's account stands on both sides. */
const voucher: VoucherRequest = {
  reference: 'vch_1',
  period: '2026-11',
  currencyCode: 'GBP',
  description: 'AMAZON 2026-11 GBP 1',
  lines: [
    { account: '1362', side: 'DEBIT', amountMinor: 900n },
    { account: '1361', side: 'CREDIT', amountMinor: 900n },
    { account: '6771', side: 'DEBIT', amountMinor: 150n },
    { account: '1362', side: 'CREDIT', amountMinor: 150n },
  ],
};

const EVERYTHING: SystemProfile = { name: 'Complete', kind: 'ERP', serves: { INVOICE: {}, JOURNAL: {} } };

/** The promises of FinanceSystem. The system knows the SKUs A1 and A2 and books at once; its own currency is the pound. */
export function financeSystemContract(
  name: string,
  start: () => Promise<{
    finance: FinanceSystem;
    /** Closes a month to vouchers, or opens it again. */
    setPeriod(period: string, state: 'OPEN' | 'CLOSED'): Promise<unknown>;
    /** Has a unit of A1 cost so much, in pounds and pence. */
    setCost(amount: string): Promise<unknown>;
    stop(): Promise<void>;
  }>,
  profile: SystemProfile = EVERYTHING,
): void {
  describe(`FinanceSystem: ${name}`, () => {
    let finance: FinanceSystem;
    let setPeriod: (period: string, state: 'OPEN' | 'CLOSED') => Promise<unknown>;
    let setCost: (amount: string) => Promise<unknown>;
    let stop: () => Promise<void>;

    beforeEach(async () => {
      ({ finance, setPeriod, setCost, stop } = await start());
    });
    afterEach(() => stop());

    it('posts a document once under one key', async () => {
      const first = await finance.post(invoice, signal);
      expect(first.status).toBe('POSTED');
      expect((await finance.post(invoice, signal)).number).toBe(first.number);
      const { entries } = await finance.documentChanges(0, 0, signal);
      expect(new Set(entries.map((entry) => entry.number))).toEqual(new Set([first.number]));
    });

    it('tells what the goods cost at that moment, where it knows', async () => {
      expect((await finance.post(invoice, signal)).unitCosts).toEqual(new Map());
      await setCost('2.10');
      const { unitCosts } = await finance.post({ ...invoice, key: 'shp_2:invoice' }, signal);
      expect(unitCosts).toEqual(new Map([['A1', { amountMinor: 210n, currencyCode: 'GBP' }]]));
    });

    it('clears a document once under one key, and its state follows', async () => {
      const { number } = await finance.post(invoice, signal);
      const payment = paymentOf(number);
      expect(await finance.clear(payment, signal)).toBe(true);
      expect(await finance.clear(payment, signal)).toBe(true);
      const { entries } = await finance.documentChanges(0, 0, signal);
      expect(entries.at(-1)).toMatchObject({ number, status: 'PAID' });
    });

    it('books balanced postings that name their document, in order behind a position', async () => {
      const { number } = await finance.post(invoice, signal);
      const memo = await finance.post({ ...invoice, key: 'ret_1:credit-memo', kind: 'CREDIT_MEMO' }, signal);
      await finance.clear(paymentOf(number), signal);
      const { entries, next } = await finance.postings(0, 0, signal);
      expect(entries.map((entry) => entry.documentNumber)).toEqual([number, memo.number, number]);
      for (const { lines } of entries) {
        const sum = (side: string) =>
          lines.filter((line) => line.side === side).reduce((total, line) => total + line.amountMinor, 0n);
        expect(sum('DEBIT')).toBe(sum('CREDIT'));
        expect(sum('DEBIT')).toBe(933n);
      }
      expect(await finance.postings(next, 0, signal)).toMatchObject({ entries: [], next });
      const [, second] = entries;
      expect((await finance.postings(entries[0]?.sequence ?? 0, 0, signal)).entries[0]).toEqual(second);
    });

    it('clears to the accounts it is told: an invoice on one side, a credit memo on the other', async () => {
      const { number } = await finance.post(invoice, signal);
      const memo = await finance.post({ ...invoice, key: 'ret_1:credit-memo', kind: 'CREDIT_MEMO' }, signal);
      await finance.clear(paymentOf(number), signal);
      await finance.clear({ ...paymentOf(memo.number), key: 'refund' }, signal);
      const { entries } = await finance.postings(0, 0, signal);
      const sides = entries.slice(2).map(({ lines }) => lines.map((line) => `${line.account} ${line.side} ${line.amountMinor}`).sort()); // biome-ignore format: one thought
      expect(sides).toEqual([
        ['1200 CREDIT 933', '1361 DEBIT 777', '1777 DEBIT 156'],
        ['1200 DEBIT 933', '1361 CREDIT 777', '1777 CREDIT 156'],
      ]);
    });

    it('books the net to the penny, where no price of a unit gives it too', async () => {
      const parts = [[3, 10_000n], [7, 1_001n], [101, 5n], [100, 101n], [999, 12_345_678n]] as const; // biome-ignore format: a table
      const lines = parts.map(([quantity, netMinor], index) => ({ lineId: `l-${index}`, sku: 'A1', quantity, netMinor, taxMinor: 0n })); // biome-ignore format: one thought
      await finance.post({ ...invoice, lines }, signal);
      const { entries } = await finance.postings(0, 0, signal);
      const revenue = entries.flatMap((entry) => entry.lines).filter(({ account }) => account === '8400');
      expect(revenue.reduce((sum, line) => sum + line.amountMinor, 0n)).toBe(12_356_785n);
    });

    it('books in another currency than that of its books, or takes nothing in it', async () => {
      const yen = { ...invoice, currencyCode: 'JPY' };
      if (can(profile, 'INVOICE', 'FOREIGN_CURRENCIES')) {
        await finance.post(yen, signal);
        const { entries } = await finance.postings(0, 0, signal);
        expect(new Set(entries.flatMap(({ lines }) => lines.map((line) => line.currencyCode)))).toEqual(
          new Set(['JPY']),
        );
      } else {
        await expect(finance.post(yen, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
        expect((await finance.documentChanges(0, 0, signal)).entries).toEqual([]);
      }
      const answer = await finance.postVoucher({ ...voucher, currencyCode: 'JPY' }, signal);
      expect(answer.outcome).toBe(can(profile, 'JOURNAL', 'FOREIGN_CURRENCIES') ? 'ACCEPTED' : 'REFUSED');
    });

    it('posts a voucher once under one reference, as it is', async () => {
      expect(await finance.findVoucher('vch_1', signal)).toBeNull();
      const answers = await Promise.all([finance.postVoucher(voucher, signal), finance.postVoucher(voucher, signal)]);
      const number = (await finance.findVoucher('vch_1', signal)) ?? '';
      expect(number).not.toBe('');
      expect([...answers, await finance.postVoucher(voucher, signal)]).toEqual(
        Array.from({ length: 3 }, () => ({ outcome: 'ACCEPTED', number })),
      );
      const { entries } = await finance.postings(0, 0, signal);
      expect(entries).toMatchObject([
        {
          documentNumber: null,
          description: 'AMAZON 2026-11 GBP 1',
          lines: voucher.lines.map((line) => ({ ...line, currencyCode: 'GBP' })),
        },
      ]);
      const other = { ...voucher, description: 'something else' };
      expect(await finance.postVoucher(other, signal)).toEqual({ outcome: 'REFUSED', reason: 'REFERENCE_USED' });
    });

    it('refuses a voucher for what is wrong with it, and takes it once it is right', async () => {
      const [first, ...rest] = voucher.lines;
      if (!first) throw new Error('no line');
      const unknown = { ...voucher, lines: [{ ...first, account: '99999' }, ...rest] };
      expect(await finance.postVoucher(unknown, signal)).toEqual({ outcome: 'REFUSED', reason: 'UNKNOWN_ACCOUNT' });
      const lopsided = { ...voucher, lines: [{ ...first, amountMinor: 901n }, ...rest] };
      expect(await finance.postVoucher(lopsided, signal)).toEqual({ outcome: 'REFUSED', reason: 'NOT_BALANCED' });
      await setPeriod('2026-11', 'CLOSED');
      expect(await finance.postVoucher(voucher, signal)).toEqual({ outcome: 'REFUSED', reason: 'PERIOD_CLOSED' });
      expect(await finance.findVoucher('vch_1', signal)).toBeNull();
      expect((await finance.postings(0, 0, signal)).entries).toEqual([]);
      await setPeriod('2026-11', 'OPEN');
      expect(await finance.postVoucher(voucher, signal)).toMatchObject({ outcome: 'ACCEPTED' });
    });
  });
}
