import { z } from 'zod';

// The parts of Mirakl's seller API that are read. Mirakl asks its readers to take enumerations as text and to expect new fields.

const text = z.string().min(1);
const units = z.int().min(0);

/**
 * Money came as a binary number: its shortest decimal is what was written, as long as it has no more than 15 digits.
 * What is no amount of cents is refused rather than rounded.
 */
const amount = z
  .number()
  .refine((value) => Math.abs(value) < 1e13, 'too large for money')
  .transform(String)
  .refine((value) => /^-?\d+(\.\d{1,2})?$/.test(value), 'has fractions of a cent');

/** A list that may be left out. */
const list = <Entry extends z.ZodType>(entry: Entry) => z.preprocess((raw) => raw ?? [], z.array(entry));
const tax = z.object({ code: text, amount });

const orderLine = z.object({
  order_line_id: text,
  offer_sku: text,
  quantity: units,
  /** Of all its units, without shipping. */
  price: amount,
  price_unit: amount,
  shipping_price: amount.nullish(),
  order_line_state: text,
  order_line_state_reason_code: z.string().nullish(),
  taxes: list(tax),
  shipping_taxes: list(tax),
  cancelations: list(z.object({ quantity: units.nullish(), reason_code: z.string().nullish() })),
  refunds: list(z.object({ amount: amount.nullish() })),
});

export const miraklOrder = z.object({
  order_id: text,
  order_state: text,
  order_tax_mode: z.string().nullish(),
  currency_iso_code: text,
  customer_notification_email: z.string().nullish(),
  customer: z
    .object({
      firstname: z.string().nullish(),
      lastname: z.string().nullish(),
      shipping_address: z
        .object({
          firstname: z.string().nullish(),
          lastname: z.string().nullish(),
          street_1: text,
          street_2: z.string().nullish(),
          city: text,
          state: z.string().nullish(),
          zip_code: z.string().nullish(),
          country_iso_code: text,
          phone: z.string().nullish(),
        })
        .nullish(),
    })
    .nullish(),
  shipping_type_code: z.string().nullish(),
  order_lines: z.array(orderLine).min(1),
});

/** An order in whatever shape: its name is needed to keep it, and its moment to know what is newer. */
export const named = z.looseObject({ order_id: text });
export const dated = z.looseObject({ last_updated_date: z.iso.datetime({ offset: true }) });

/** A page of orders, which are read one by one: one that nobody can read must not keep the others. */
export const ordersPage = z.object({ orders: z.array(z.unknown()), total_count: units });

const shipment = z.object({
  id: text,
  shipment_lines: list(z.object({ order_line_id: text, quantity: units })),
  tracking: z.object({ tracking_number: z.string().nullish() }).nullish(),
});
export const shipmentsPage = z.object({ data: z.array(shipment), next_page_token: z.string().nullish() });

/** Every shipment of a request is taken or refused by itself. */
export const shipmentsAnswer = z.object({ shipment_errors: list(z.unknown()) });

/** Answers that say nothing that is needed. */
export const anyAnswer = z.unknown();

export const importAccepted = z.object({ import_id: z.union([text, z.number()]).transform(String) });
const importStatus = z.object({
  import_id: z.union([text, z.number()]).transform(String),
  status: text,
  has_error_report: z.boolean(),
});
export const stockImport = importStatus;
export const pricingImports = z.object({ data: z.array(importStatus) });

const offer = z.object({
  shop_sku: text,
  quantity: units.nullish(),
  price: amount.nullish(),
  currency_iso_code: z.string().nullish(),
});
export const offersPage = z.object({ offers: z.array(offer), total_count: units });

export type MiraklOrder = z.output<typeof miraklOrder>;
export type MiraklLine = MiraklOrder['order_lines'][number];
export type MiraklShipment = z.output<typeof shipment>;
export type MiraklOffer = z.output<typeof offer>;
export type MiraklImport = z.output<typeof importStatus>;

/** A registered carrier is told by its code, another one by its name. */
export interface MiraklTracking {
  readonly carrier_code?: string;
  readonly carrier_name?: string;
  readonly tracking_number: string;
}

export interface NewShipment {
  readonly order_id: string;
  readonly shipped: true;
  readonly tracking: MiraklTracking;
  readonly shipment_lines: readonly { readonly order_line_id: string; readonly quantity: number }[];
}

interface TaxShare {
  readonly code: string;
  readonly amount: number;
}

/** Money that goes back to the buyer, of a line that was sent. */
export interface NewRefund {
  readonly order_line_id: string;
  readonly amount: number;
  readonly shipping_amount: number;
  readonly quantity: number;
  readonly currency_iso_code: string;
  readonly reason_code: string;
  readonly taxes: readonly TaxShare[];
  readonly shipping_taxes: readonly TaxShare[];
}

/** Units that are not sent, with the money that was asked for them. */
export type NewCancelation = NewRefund;
