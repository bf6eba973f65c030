import { CommerceError } from '../../../platform/errors.ts';
import { formatAmount, money, parseMoney } from '../../../platform/money.ts';
import { rejectionCode } from '../../../systems/client-kit/failure.ts';
import { pageOf, type UnreadableEntry } from '../../../systems/client-kit/feed-page.ts';
import type { ErpClient } from '../../../systems/erp/client.ts';
import type { AccountingDocument, BillingDocument } from '../../../systems/erp/wire.ts';
import type { InvoiceStatus } from '../model.ts';
import type { FinanceSystem, PostedDocument, Posting, VoucherRefusal } from '../port.ts';

const PAGE = 200;

const STATUSES: Readonly<Record<BillingDocument['status'], InvoiceStatus>> = {
  OPEN: 'DRAFT',
  POSTED: 'POSTED',
  CLEARED: 'PAID',
};

const VOUCHER_REFUSALS: Readonly<Record<string, VoucherRefusal>> = {
  PERIOD_CLOSED: 'PERIOD_CLOSED',
  UNKNOWN_ACCOUNT: 'UNKNOWN_ACCOUNT',
  DOES_NOT_BALANCE: 'NOT_BALANCED',
  REFERENCE_REUSED: 'REFERENCE_USED',
};

/** The reference ERP: our document is its billing document, our posting its accounting document, our voucher its G/L document. */
export function erpFinanceSystem(erp: ErpClient): FinanceSystem {
  return {
    async post(request, signal) {
      const materials = await erp.lookUpMaterials([...new Set(request.lines.map((line) => line.sku))], { signal });
      const amount = (minor: bigint) => formatAmount(money(minor, request.currencyCode));
      const document = await erp.createBilling(
        {
          externalRef: request.key,
          docType: request.kind === 'INVOICE' ? 'F2' : 'G2',
          soldTo: request.account,
          orderRef: request.orderNumber,
          currency: request.currencyCode,
          items: request.lines.map((line, index) => {
            const material = materials.get(line.sku);
            if (!material)
              throw new CommerceError('SYSTEM_REJECTED', `the ERP has no material for SKU ${line.sku}`, {
                sku: line.sku,
              });
            return {
              ref: `${line.lineId}:${index + 1}`,
              materialNo: material.materialNo,
              quantity: line.quantity,
              netAmount: amount(line.netMinor),
              taxAmount: amount(line.taxMinor),
              grossAmount: amount(line.netMinor + line.taxMinor),
            };
          }),
        },
        { signal },
      );
      const unitCosts = new Map(
        [...materials].flatMap(([sku, { unitCost }]) => (unitCost ? [[sku, parseMoney(unitCost.amount, unitCost.currency)]] : [])),
      ); // biome-ignore format: one thought
      return { ...toDocument(document), unitCosts };
    },

    async clear({ key, number, currencyCode, amountMinor, accounts }, signal) {
      if (amountMinor === 0n) return true;
      const amount = (minor: bigint) => formatAmount(money(minor, currencyCode));
      try {
        await erp.pay(
          {
            paymentRef: key,
            billingNo: number,
            currency: currencyCode,
            amount: amount(amountMinor),
            clearingAccounts: accounts.map((one) => ({ account: one.account, amount: amount(one.amountMinor) })),
          },
          { signal },
        );
        return true;
      } catch (error) {
        if (rejectionCode(error) === 'NOT_POSTED') return false;
        throw error;
      }
    },

    async findVoucher(reference, signal) {
      return (await erp.findGlDocumentByReference(reference, { signal }))?.accountingDocNo ?? null;
    },

    async postVoucher({ reference, period, currencyCode, description, lines }, signal) {
      try {
        const { accountingDocNo } = await erp.createGlDocument(
          {
            externalRef: reference,
            postingPeriod: period,
            currency: currencyCode,
            headerText: description,
            lines: lines.map(({ account, side, amountMinor }) => ({
              account,
              debitCredit: side === 'DEBIT' ? 'S' : 'H',
              amount: formatAmount(money(amountMinor, currencyCode)),
            })),
          },
          { signal },
        );
        return { outcome: 'ACCEPTED', number: accountingDocNo };
      } catch (error) {
        const code = rejectionCode(error);
        if (code === null) throw error;
        return { outcome: 'REFUSED', reason: VOUCHER_REFUSALS[code] ?? 'OTHER' };
      }
    },

    async documentChanges(after, waitSeconds, signal) {
      const { billingDocuments, unreadable } = await erp.billingChanges(
        { after, limit: PAGE, waitSeconds },
        { signal },
      );
      return page(after, billingDocuments.map(toDocument), unreadable);
    },

    async postings(after, waitSeconds, signal) {
      const { accountingDocuments, unreadable } = await erp.accountingChanges(
        { after, limit: PAGE, waitSeconds },
        { signal },
      );
      return page(after, accountingDocuments.map(toPosting), unreadable);
    },
  };
}

function page<Entry extends { readonly sequence: number }>(
  after: number,
  entries: readonly Entry[],
  unreadable: readonly UnreadableEntry[],
) {
  return pageOf(
    after,
    entries.map((entry) => ({ ...entry, position: entry.sequence })),
    unreadable,
  );
}

export function toDocument(document: BillingDocument): PostedDocument {
  return {
    number: document.billingNo,
    status: STATUSES[document.status],
    issuedAt: new Date(document.createdAt),
    sequence: document.changeNo,
  };
}

export function toPosting(document: AccountingDocument): Posting {
  return {
    sequence: document.changeNo,
    number: document.accountingDocNo,
    documentNumber: document.billingNo,
    description: document.headerText,
    postedAt: new Date(document.postedAt),
    lines: document.lines.map((line) => ({
      account: line.account,
      side: line.debitCredit === 'S' ? 'DEBIT' : 'CREDIT',
      amountMinor: parseMoney(line.amount, line.currency).amountMinor,
      currencyCode: line.currency,
    })),
  };
}
