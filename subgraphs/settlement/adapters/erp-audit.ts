import { parseMoney } from '../../../platform/money.ts';
import type { ErpClient } from '../../../systems/erp/client.ts';
import type { FinanceAudit } from '../port.ts';
import { toDocument, toPosting } from './erp.ts';

/** The reference ERP: its feed of billing documents holds each in its newest state, so it is a list too. */
export function erpFinanceAudit(erp: ErpClient): FinanceAudit {
  return {
    async documents(cursor, limit, signal) {
      const { billingDocuments } = await erp.billingChanges(
        { after: Number(cursor ?? 0), limit, waitSeconds: 0 },
        { signal },
      );
      const last = Math.max(0, ...billingDocuments.map((one) => one.changeNo));
      return {
        documents: billingDocuments.map((one) => ({
          ...toDocument(one),
          totalMinor: parseMoney(one.grossAmount, one.currency).amountMinor,
          currencyCode: one.currency,
        })),
        next: billingDocuments.length < limit ? null : String(last),
      };
    },
    async postedVouchers(cursor, limit, signal) {
      const { accountingDocuments } = await erp.accountingChanges(
        { after: Number(cursor ?? 0), limit, waitSeconds: 0 },
        { signal },
      );
      const last = Math.max(0, ...accountingDocuments.map((one) => one.changeNo));
      return {
        vouchers: accountingDocuments.filter((one) => one.billingNo === null).map(toPosting),
        next: accountingDocuments.length < limit ? null : String(last),
      };
    },
    findVoucher: async (reference, signal) =>
      (await erp.findGlDocumentByReference(reference, { signal }))?.accountingDocNo ?? null,
    has: async (key, signal) => (await erp.findBillingByReference(key, { signal })) !== null,
  };
}
