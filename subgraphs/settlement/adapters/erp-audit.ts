import { parseMoney } from '../../../platform/money.ts';
import type { ErpClient } from '../../../systems/erp/client.ts';
import type { FinanceAudit } from '../port.ts';
import { toDocument, toPosting } from './erp.ts';

/** The reference ERP: its feed of billing documents holds each in its newest state, so it is a list too. */
export function erpFinanceAudit(erp: ErpClient): FinanceAudit {
  return {
    async documents(cursor, limit, signal) {
      const { billingDocuments, unreadable } = await erp.billingChanges(
        { after: Number(cursor ?? 0), limit, waitSeconds: 0 },
        { signal },
      );
      return {
        documents: billingDocuments.map((one) => ({
          ...toDocument(one),
          totalMinor: parseMoney(one.grossAmount, one.currency).amountMinor,
          currencyCode: one.currency,
        })),
        next: nextOf(billingDocuments, unreadable, limit),
      };
    },
    async postedVouchers(cursor, limit, signal) {
      const { accountingDocuments, unreadable } = await erp.accountingChanges(
        { after: Number(cursor ?? 0), limit, waitSeconds: 0 },
        { signal },
      );
      return {
        vouchers: accountingDocuments.filter((one) => one.billingNo === null).map(toPosting),
        next: nextOf(accountingDocuments, unreadable, limit),
      };
    },
    findVoucher: async (reference, signal) =>
      (await erp.findGlDocumentByReference(reference, { signal }))?.accountingDocNo ?? null,
    has: async (key, signal) => (await erp.findBillingByReference(key, { signal })) !== null,
  };
}

/** Where the next page begins; null after the last one. What cannot be read was on the page too. */
function nextOf(
  documents: readonly { readonly changeNo: number }[],
  unreadable: readonly { readonly number: number }[],
  limit: number,
): string | null {
  const numbers = [...documents.map(({ changeNo }) => changeNo), ...unreadable.map(({ number }) => number)];
  return numbers.length < limit ? null : String(Math.max(...numbers));
}
