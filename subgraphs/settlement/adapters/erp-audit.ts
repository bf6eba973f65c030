import { parseMoney } from '../../../platform/money.ts';
import type { ErpClient } from '../../../systems/erp/client.ts';
import type { FinanceAudit } from '../port.ts';
import { toDocument } from './erp.ts';

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
    has: async (key, signal) => (await erp.findBillingByReference(key, { signal })) !== null,
  };
}
