import { z } from 'zod';

/** Ids come as text or as numbers. */
const id = z.union([z.string().min(1), z.number()]).transform(String);
const text = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value == null ? null : String(value).trim() || null));

/** What every webhook says of itself. */
export const webhookBody = z.looseObject({ topic: z.string() });
export const returnNamed = z.looseObject({ id });

/** One unit that comes back: Loop has an item for each. */
const item = z.object({
  line_item_id: id,
  provider_line_item_id: text,
  sku: text,
  return_reason: text,
  outcome: text,
});

/** A return. Its states are no enum: Loop's own pages differ. */
export const loopReturn = z.object({
  id,
  state: z.string().min(1),
  order_name: text,
  order_number: text,
  provider_order_id: text,
  provider_order_external_id: text,
  line_items: z.array(item).min(1),
  exchanges: z
    .array(z.object({ sku: text }))
    .nullish()
    .transform((exchanges) => exchanges ?? []),
  labels: z
    .array(z.object({ status: text, carrier: text, tracking_number: text }))
    .nullish()
    .transform((labels) => labels ?? []),
  /** Of the only label, in messages without `labels`. */
  carrier: text,
  tracking_number: text,
  label_status: text,
});

export type LoopReturn = z.output<typeof loopReturn>;

/** What is kept of a return. Who sends it, from where, and the pages that show them are not: nothing here needs them. */
const KEPT = [
  'id', 'state', 'created_at', 'edited_at', 'order_id', 'order_name', 'order_number', 'provider_order_id', 'provider_order_external_id',
  'currency', 'return_total', 'exchange_total', 'refund', 'gift_card', 'handling_fee', 'carrier', 'tracking_number', 'label_status',
]; // biome-ignore format: one list
const KEPT_OF = {
  line_items: ['line_item_id', 'provider_line_item_id', 'sku', 'return_reason', 'outcome', 'refund'],
  exchanges: ['sku', 'total'],
  labels: ['status', 'carrier', 'tracking_number', 'line_items'],
};

/** A return as it came, without what is personal. */
export function withoutPersonal(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const lists = Object.entries(KEPT_OF).flatMap(([name, fields]) => {
    const list = record[name];
    return Array.isArray(list) ? [[name, list.map((one: unknown) => only(one, fields))] as const] : [];
  });
  return { ...only(record, KEPT), ...Object.fromEntries(lists) };
}

function only(record: unknown, names: readonly string[]): Record<string, unknown> {
  if (typeof record !== 'object' || record === null) return {};
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
}
