import { createHash } from 'node:crypto';
import { formatAmount, money } from '../../platform/money.ts';
import { type Outcome, refusedBy } from './outcomes.ts';
import type { PlannedOrder, Sale } from './planned-order.ts';
import type { OrderInput, Shop, UserError } from './shop.ts';

/** What became of an invoice. */
export interface Placement {
  readonly invoiceNo: string;
  /** Null when no line of it was accepted. */
  readonly orderId: string | null;
  /** Lines that the order has. */
  readonly sales: readonly Sale[];
  /** Lines that it has not, and why. */
  readonly refusals: readonly { readonly sale: Sale; readonly outcome: Outcome }[];
}

/** Stock may be sold between our receipt and our order, and safety stock hides a part of what is missing. */
const MOST_ATTEMPTS = 6;
const CURRENCY = 'GBP';
/** Orders of the source have no address but the country. */
const NOT_IN_SOURCE = 'not in the source';

/**
 * Places one invoice as a marketplace order. A line that is refused goes, the rest stays; what is out of stock is
 * received and tried again. Every attempt has a key of its own, made of what it asks for: a repetition of the whole
 * gets the same answers and ends with the same order.
 */
export async function placeOrder(shop: Shop, order: PlannedOrder): Promise<Placement> {
  const { invoiceNo } = order;
  const refusals: Placement['refusals'][number][] = [];
  let sales = order.sales;
  let errors: readonly UserError[] = [];
  for (let attempt = 1; attempt <= MOST_ATTEMPTS && sales.length > 0; attempt += 1) {
    const answer = await shop.place(inputOf({ ...order, sales }, attempt));
    errors = answer.errors;
    if (answer.orderId && errors.length === 0) return { invoiceNo, orderId: answer.orderId, sales, refusals };
    if (answer.orderId && errors.some((error) => error.code === 'DUPLICATE_CHANNEL_ORDER')) {
      const kept = await linesOfFirstOrder(shop, answer.orderId, sales);
      const outcome = refusedBy(errors);
      const lost = sales.filter((sale) => !kept.includes(sale)).map((sale) => ({ sale, outcome }));
      return { invoiceNo, orderId: answer.orderId, sales: kept, refusals: [...refusals, ...lost] };
    }
    const short = errors.filter((error) => error.code === 'OUT_OF_STOCK');
    if (short.length === errors.length) {
      await receive(shop, { ...order, sales }, attempt, short);
      continue;
    }
    const wrong = errors.filter((error) => error.code !== 'OUT_OF_STOCK');
    const byLine = new Map(wrong.map((error) => [lineIndexOf(error), error]));
    if (byLine.has(null)) break;
    refusals.push(
      ...sales.flatMap((sale, index) => {
        const error = byLine.get(index);
        return error ? [{ sale, outcome: refusedBy([error]) }] : [];
      }),
    );
    sales = sales.filter((_, index) => !byLine.has(index));
  }
  const outcome = refusedBy(errors);
  return {
    invoiceNo,
    orderId: null,
    sales: [],
    refusals: [...refusals, ...sales.map((sale) => ({ sale, outcome }))],
  };
}

/** An earlier run, or somebody else, placed an order of this number: it may lack lines of ours. */
async function linesOfFirstOrder(shop: Shop, orderId: string, sales: readonly Sale[]): Promise<Sale[]> {
  const placed = new Map((await shop.lines(orderId)).map((line) => [line.channelLineId, line]));
  return sales.filter(({ line, sku }) => {
    const found = placed.get(String(line.lineNo));
    return found?.sku === sku && found.ordered === line.quantity;
  });
}

async function receive(shop: Shop, order: PlannedOrder, attempt: number, short: readonly UserError[]): Promise<void> {
  const [main] = await shop.warehouses();
  if (!main) return;
  const available = new Map(short.map((error) => [error.sku, error.availableQuantity ?? 0]));
  for (const [sku, there] of available) {
    const wanted = order.sales.reduce((sum, sale) => sum + (sale.sku === sku ? sale.line.quantity : 0), 0);
    if (sku == null || wanted <= there) continue;
    await shop.adjust({
      idempotencyKey: `replay:receipt:${order.invoiceNo}:${attempt}:${sku}`,
      sku,
      locationId: main.id,
      reason: 'RECEIPT',
      delta: wanted - there,
    });
  }
}

function inputOf({ invoiceNo, customerId, countryCode, sales }: PlannedOrder, attempt: number): OrderInput {
  const content = {
    channelOrderId: invoiceNo,
    currencyCode: CURRENCY,
    customer: customerId === '' ? null : { customerId },
    lines: sales.map(({ line, sku }) => ({
      sku,
      quantity: line.quantity,
      unitPrice: { amount: formatAmount(money(line.unitPricePence, CURRENCY)), currencyCode: CURRENCY },
      channelLineId: String(line.lineNo),
    })),
    delivery: {
      method: 'SHIPPING' as const,
      address: {
        name: customerId === '' ? 'Guest' : `Customer ${customerId}`,
        line1: NOT_IN_SOURCE,
        city: NOT_IN_SOURCE,
        countryCode,
      },
    },
  };
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
  return { idempotencyKey: `replay:order:${invoiceNo}:${digest}:${attempt}`, ...content };
}

/** The line that an error is about, from 0. Null when it is about the order as a whole. */
function lineIndexOf({ field }: UserError): number | null {
  const [input, lines, index] = field ?? [];
  return input === 'input' && lines === 'lines' && index !== undefined && /^\d+$/.test(index) ? Number(index) : null;
}
