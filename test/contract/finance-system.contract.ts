import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DocumentRequest, FinanceSystem } from '../../subgraphs/settlement/port.ts';

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

/** The promises of FinanceSystem. The system knows the SKUs A1 and A2 and books at once. */
export function financeSystemContract(
  name: string,
  start: () => Promise<{ finance: FinanceSystem; stop(): Promise<void> }>,
): void {
  describe(`FinanceSystem: ${name}`, () => {
    let finance: FinanceSystem;
    let stop: () => Promise<void>;

    beforeEach(async () => {
      ({ finance, stop } = await start());
    });
    afterEach(() => stop());

    it('posts a document once under one key', async () => {
      const first = await finance.post(invoice, signal);
      expect(first.status).toBe('POSTED');
      expect((await finance.post(invoice, signal)).number).toBe(first.number);
      const { entries } = await finance.documentChanges(0, 0, signal);
      expect(new Set(entries.map((entry) => entry.number))).toEqual(new Set([first.number]));
    });

    it('clears a document once under one key, and its state follows', async () => {
      const { number } = await finance.post(invoice, signal);
      const payment = { key: 'pay', number, currencyCode: 'GBP', amountMinor: 933n };
      expect(await finance.clear(payment, signal)).toBe(true);
      expect(await finance.clear(payment, signal)).toBe(true);
      const { entries } = await finance.documentChanges(0, 0, signal);
      expect(entries.at(-1)).toMatchObject({ number, status: 'PAID' });
    });

    it('books balanced postings that name their document, in order behind a position', async () => {
      const { number } = await finance.post(invoice, signal);
      const memo = await finance.post({ ...invoice, key: 'ret_1:credit-memo', kind: 'CREDIT_MEMO' }, signal);
      await finance.clear({ key: 'pay', number, currencyCode: 'GBP', amountMinor: 933n }, signal);
      const { entries, next } = await finance.postings(0, 0, signal);
      expect(entries.map((entry) => entry.documentNumber)).toEqual([number, memo.number, number]);
      for (const { lines } of entries) {
        const sum = (side: string) =>
          lines.filter((line) => line.side === side).reduce((total, line) => total + line.amountMinor, 0n);
        expect(sum('DEBIT')).toBe(sum('CREDIT'));
        expect(sum('DEBIT')).toBe(933n);
      }
      expect(await finance.postings(next, 0, signal)).toEqual({ entries: [], next });
      const [, second] = entries;
      expect((await finance.postings(entries[0]?.sequence ?? 0, 0, signal)).entries[0]).toEqual(second);
    });
  });
}
