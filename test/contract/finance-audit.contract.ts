import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  FinanceAudit,
  FinanceSystem,
  RecordedDocument,
  RecordedVoucher,
} from '../../subgraphs/settlement/port.ts';

const { signal } = new AbortController();

export interface StartedFinanceAudit {
  readonly audit: FinanceAudit;
  /** Knows the SKU A1, and books at once. */
  readonly finance: FinanceSystem;
  stop(): Promise<void>;
}

/** The promises of FinanceAudit. */
export function financeAuditContract(name: string, start: () => Promise<StartedFinanceAudit>): void {
  describe(`FinanceAudit: ${name}`, () => {
    let started: StartedFinanceAudit;
    const numbers: string[] = [];

    beforeAll(async () => {
      started = await start();
      const { finance } = started;
      for (const [index, kind] of (['INVOICE', 'INVOICE', 'CREDIT_MEMO'] as const).entries()) {
        const lines = [{ lineId: 'line-1', sku: 'A1', quantity: 2, netMinor: 565n, taxMinor: 113n + BigInt(index) }];
        const document = { kind, account: 'WEB', orderNumber: '100001', currencyCode: 'GBP', lines };
        numbers.push((await finance.post({ key: `doc-${index}`, ...document }, signal)).number);
      }
      const [number = ''] = numbers;
      for (const reference of ['v-1', 'v-2']) {
        const lines = [{ account: '1362', side: 'DEBIT', amountMinor: 500n }, { account: '1361', side: 'CREDIT', amountMinor: 500n }] as const; // biome-ignore format: one thought
        await finance.postVoucher({ reference, period: '2026-11', currencyCode: 'GBP', description: reference, lines }, signal); // biome-ignore format: one thought
      }
      const accounts = [{ account: '1460', amountMinor: 678n }];
      expect(await finance.clear({ key: 'pay', number, currencyCode: 'GBP', amountMinor: 678n, accounts }, signal)).toBe(true); // biome-ignore format: one thought
    });
    afterAll(() => started.stop());

    it.each([1, 2, 500])('has every document in its newest state with its total, in pages of %i', async (limit) => {
      const documents: RecordedDocument[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: Awaited<ReturnType<FinanceAudit['documents']>> = await started.audit.documents(cursor ?? null, limit, signal); // biome-ignore format: one thought
        expect(page.documents.length).toBeLessThanOrEqual(limit);
        documents.push(...page.documents);
        cursor = page.next;
      }
      const told = documents.map(({ number, status, totalMinor, currencyCode }) => [number, status, totalMinor, currencyCode]); // biome-ignore format: one thought
      const [first, second, third] = numbers;
      expect(told.sort(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
        [first, 'PAID', 678n, 'GBP'],
        [second, 'POSTED', 679n, 'GBP'],
        [third, 'POSTED', 680n, 'GBP'],
      ]);
    });

    it.each([1, 2, 500])(
      'has every voucher with its lines and no posting of a document, in pages of %i',
      async (limit) => {
        const vouchers: RecordedVoucher[] = [];
        for (let cursor: string | null | undefined; cursor !== null; ) {
          const page: Awaited<ReturnType<FinanceAudit['postedVouchers']>> = await started.audit.postedVouchers(cursor ?? null, limit, signal); // biome-ignore format: one thought
          expect(page.vouchers.length).toBeLessThanOrEqual(limit);
          vouchers.push(...page.vouchers);
          cursor = page.next;
        }
        const posted = await Promise.all(
          ['v-1', 'v-2'].map((reference) => started.audit.findVoucher(reference, signal)),
        );
        expect(vouchers.map(({ number }) => number)).toEqual(posted);
        const said = vouchers.map(({ lines }) => lines.map((line) => `${line.account} ${line.side} ${line.amountMinor} ${line.currencyCode}`).sort()); // biome-ignore format: one thought
        const lines = ['1361 CREDIT 500 GBP', '1362 DEBIT 500 GBP'];
        expect(said).toEqual([lines, lines]);
        expect(await started.audit.findVoucher('v-9', signal)).toBeNull();
      },
    );

    it('knows the documents that were asked for, and no other', async () => {
      expect(await started.audit.has('doc-2', signal)).toBe(true);
      expect(await started.audit.has('doc-9', signal)).toBe(false);
    });
  });
}
