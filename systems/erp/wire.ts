import { z } from 'zod';
import { formatAmount, isCurrencyCode, parseMoney } from '../../platform/money.ts';
import { feedPage } from '../client-kit/feed-page.ts';

/**
 * What the ERP sends and takes, in its own words. Read by its client and by its reference implementation, so that the
 * two cannot drift.
 */

const text = (most: number) => z.string().min(1).max(most);
const changeNo = z.int().min(1);
const instant = z.iso.datetime();
const currency = z.string().refine(isCurrencyCode, 'must be an ISO 4217 code');
/** Decimal string; how many digits the currency has is checked by {@link exactDigits}. */
const amount = z.string().regex(/^\d{1,13}(\.\d{1,3})?$/, 'must be a decimal such as 3.39');
const quantity = z.int().min(1).max(1_000_000);

/** True when the amount is written with exactly the digits of its currency: "2.55" GBP, "485" JPY, "0.995" KWD. */
function exactDigits(value: string, currencyCode: string): boolean {
  if (!isCurrencyCode(currencyCode)) return false;
  try {
    return formatAmount(parseMoney(value, currencyCode)) === value;
  } catch {
    return false;
  }
}

const DIGITS = 'must have exactly the digits of its currency';

// Master data

export const materialContent = z.strictObject({
  /** HAWA: trading goods. KMAT: configurable material, the head of a style group. */
  materialType: z.enum(['HAWA', 'KMAT']),
  /** Number in the system before this one; the channels know the article by it. */
  oldMaterialNo: text(40).nullable(),
  configurableMaterialNo: text(40).nullable(),
  characteristics: z.array(z.strictObject({ name: text(40), value: text(200) })).max(20),
  descriptions: z
    .array(
      z.strictObject({
        language: z.string().regex(/^[A-Z]{2}$/),
        shortText: text(200),
        longText: z.string().max(4000),
      }),
    )
    .min(1)
    .max(20),
  materialGroupNo: text(20),
  manufacturer: text(100),
  /** 8 to 14 digits with GS1 check digit. */
  gtinEan: z
    .string()
    .regex(/^\d{8}$|^\d{12,14}$/)
    .refine(hasCheckDigit, 'the check digit is wrong')
    .nullable(),
  baseUnit: z.literal('EA'),
  /** 1: full rate. 0: exempt. */
  taxClass: z.enum(['0', '1']),
  /** What one base unit costs us (moving average). Null or absent: not valued. */
  unitCost: z
    .strictObject({ amount, currency })
    .refine((one) => exactDigits(one.amount, one.currency), { path: ['amount'], message: DIGITS })
    .nullish(),
  /** True: no longer sold. The record stays. */
  deletionFlag: z.boolean(),
});

export const conditionContent = z
  .strictObject({
    /** PR00: price of one base unit. VKA0: former price, to be shown beside it. */
    conditionType: z.enum(['PR00', 'VKA0']),
    priceListCode: text(20),
    materialNo: text(40),
    currency,
    amount,
    /** Smallest quantity the price applies to. */
    scaleFrom: quantity,
    taxIncluded: z.boolean(),
    /** Per cent with two digits: "20.00". */
    taxRate: z.string().regex(/^\d{1,2}\.\d{2}$/),
    validFrom: instant,
    /** Exclusive. Null: until further notice. */
    validTo: instant.nullable(),
    deletionFlag: z.boolean(),
  })
  .refine((one) => exactDigits(one.amount, one.currency), { path: ['amount'], message: DIGITS })
  .refine((one) => one.validTo === null || Date.parse(one.validFrom) < Date.parse(one.validTo), {
    path: ['validTo'],
    message: 'must be after validFrom',
  });

export const materialGroupContent = z.strictObject({
  text: text(100),
  parentGroupNo: text(20).nullable(),
  deletionFlag: z.boolean(),
});

/** Sales bill of materials: what one base unit of a material is made of when it is sold. */
export const salesBomContent = z.strictObject({
  /** Quantities as people enter them: whether they make sense is for the reader to say. */
  components: z
    .array(z.strictObject({ materialNo: text(40), quantity: z.number().min(-1_000_000_000).max(1_000_000_000) }))
    .max(100),
  deletionFlag: z.boolean(),
});

const changed = { changeNo, changedAt: instant };
export const material = materialContent.extend({ materialNo: text(40), ...changed });
export const condition = conditionContent.safeExtend({ conditionNo: text(60), ...changed });
export const materialGroup = materialGroupContent.extend({ groupNo: text(20), ...changed });
/** Its number is that of the material it makes. */
export const salesBom = salesBomContent.extend({ materialNo: text(40), ...changed });

/** `head`: number of the newest entry, so that a reader knows how far behind it is. */
const head = z.int().min(0);
export const materialFeed = feedPage('materials', material, 'changeNo', { head });
export const conditionFeed = feedPage('conditions', condition, 'changeNo', { head });
export const salesBomFeed = feedPage('salesBoms', salesBom, 'changeNo', { head });
export const materialGroupFeed = feedPage('materialGroups', materialGroup, 'changeNo', { head });

export const materialLookup = z.strictObject({ oldMaterialNos: z.array(text(40)).min(1).max(1000) });
export const materialLookupAnswer = z.object({ materials: z.array(material) });

// Finance

const billingItem = z.strictObject({
  /** The caller's name of the line; unique within the document. */
  ref: text(100),
  /** Null for what is not goods, such as freight. */
  materialNo: text(40).nullable(),
  quantity,
  netAmount: amount,
  taxAmount: amount,
  grossAmount: amount,
});

const billingHeader = {
  /** The caller's reference; a second document with it is refused or is the first one again. */
  externalRef: text(200),
  /** F2: invoice. G2: credit memo; its amounts are positive too. */
  docType: z.enum(['F2', 'G2']),
  /** Customer account. An account not seen before is opened. */
  soldTo: text(40),
  orderRef: text(100),
  currency,
};

export const billingRequest = z
  .strictObject({ ...billingHeader, items: z.array(billingItem).min(1).max(2000) })
  .refine(
    (one) =>
      one.items.every((item) =>
        [item.netAmount, item.taxAmount, item.grossAmount].every((value) => exactDigits(value, one.currency)),
      ),
    {
      path: ['items'],
      message: `amounts ${DIGITS}`,
    },
  )
  .refine((one) => new Set(one.items.map((item) => item.ref)).size === one.items.length, {
    path: ['items'],
    message: 'ref must be unique',
  });

export const billingDocument = z.object({
  ...billingHeader,
  billingNo: text(20),
  items: z.array(billingItem),
  netAmount: amount,
  taxAmount: amount,
  grossAmount: amount,
  paidAmount: amount,
  /** OPEN: not yet in the books. POSTED: booked, not fully paid. CLEARED: paid. */
  status: z.enum(['OPEN', 'POSTED', 'CLEARED']),
  createdAt: instant,
  /** Null while OPEN. */
  posting: z.object({ accountingDocNo: text(20), postedAt: instant }).nullable(),
  changeNo,
});
export const billingFeed = feedPage('billingDocuments', billingDocument, 'changeNo', { head });

export const accountingDocument = z.object({
  accountingDocNo: text(20),
  /** RV: from a billing document. DZ: from a payment. SA: G/L document of somebody else's ledger. */
  docType: z.enum(['RV', 'DZ', 'SA']),
  /** Null for SA. */
  billingNo: text(20).nullable(),
  headerText: z.string(),
  postedAt: instant,
  /** Debits (S) and credits (H) are equal. */
  lines: z.array(
    z
      .object({ account: text(10), accountName: z.string(), debitCredit: z.enum(['S', 'H']), amount, currency })
      .refine((one) => exactDigits(one.amount, one.currency), { path: ['amount'], message: DIGITS }),
  ),
  changeNo,
});
export const accountingFeed = feedPage('accountingDocuments', accountingDocument, 'changeNo', { head });

const account = z.string().regex(/^\d{4,10}$/, 'must have 4 to 10 digits');
const isPositive = (value: string, currencyCode: string) => exactDigits(value, currencyCode) && /[1-9]/.test(value);

export const paymentRequest = z
  .strictObject({
    paymentRef: text(200),
    billingNo: text(20),
    currency,
    amount,
    /** Where the money is booked, when not on the bank account: parts that add up to the amount. */
    clearingAccounts: z.array(z.strictObject({ account, amount })).min(1).max(20).optional(),
  })
  .refine((one) => isPositive(one.amount, one.currency), {
    path: ['amount'],
    message: `must be positive and ${DIGITS}`,
  })
  .refine((one) => (one.clearingAccounts ?? []).every((part) => isPositive(part.amount, one.currency)), {
    path: ['clearingAccounts'],
    message: `amounts must be positive and ${DIGITS}`,
  });

export const paymentAnswer = z.object({ paymentRef: z.string(), accountingDocNo: z.string(), billingDocument });

export const glDocumentRequest = z
  .strictObject({
    /** The caller's reference; a second document with it is refused or is the first one again. */
    externalRef: text(200),
    /** Month it is booked in, such as 2026-11. */
    postingPeriod: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/),
    currency,
    headerText: text(200),
    /** One account may stand on both sides. */
    lines: z
      .array(z.strictObject({ account, debitCredit: z.enum(['S', 'H']), amount }))
      .min(2)
      .max(1000),
  })
  .refine((one) => one.lines.every((line) => isPositive(line.amount, one.currency)), {
    path: ['lines'],
    message: `amounts must be positive and ${DIGITS}`,
  });

export const glDocument = z.object({
  externalRef: text(200),
  accountingDocNo: text(20),
  postingPeriod: z.string(),
  postedAt: instant,
});

export const glAccountContent = z.strictObject({ accountName: text(100) });
export const glAccount = glAccountContent.extend({ account: z.string() });

export const postingPeriodContent = z.strictObject({ status: z.enum(['OPEN', 'CLOSED']) });
export const postingPeriod = postingPeriodContent.extend({ postingPeriod: z.string() });

export const customerAccount = z.object({
  soldTo: z.string(),
  /** Owed by the customer (negative: owed to them) per currency, booked documents only. */
  openBalances: z.array(z.object({ currency, amount: z.string() })),
});

function hasCheckDigit(gtin: string): boolean {
  const weighted = [...gtin]
    .reverse()
    .reduce((sum, digit, index) => sum + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return weighted % 10 === 0;
}

export type MaterialContent = z.output<typeof materialContent>;
export type Material = z.output<typeof material>;
export type ConditionContent = z.output<typeof conditionContent>;
export type Condition = z.output<typeof condition>;
export type MaterialGroupContent = z.output<typeof materialGroupContent>;
export type MaterialGroup = z.output<typeof materialGroup>;
export type SalesBomContent = z.output<typeof salesBomContent>;
export type SalesBom = z.output<typeof salesBom>;
export type SalesBomFeed = z.output<typeof salesBomFeed>;
export type BillingRequest = z.output<typeof billingRequest>;
export type BillingDocument = z.output<typeof billingDocument>;
export type AccountingDocument = z.output<typeof accountingDocument>;
export type PaymentRequest = z.output<typeof paymentRequest>;
export type PaymentAnswer = z.output<typeof paymentAnswer>;
export type GlDocumentRequest = z.output<typeof glDocumentRequest>;
export type GlDocument = z.output<typeof glDocument>;
export type GlAccount = z.output<typeof glAccount>;
export type PostingPeriod = z.output<typeof postingPeriod>;
export type CustomerAccount = z.output<typeof customerAccount>;
export type MaterialFeed = z.output<typeof materialFeed>;
export type ConditionFeed = z.output<typeof conditionFeed>;
export type MaterialGroupFeed = z.output<typeof materialGroupFeed>;
export type BillingFeed = z.output<typeof billingFeed>;
export type AccountingFeed = z.output<typeof accountingFeed>;
