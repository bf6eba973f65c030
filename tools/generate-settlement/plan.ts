/** An order as our documents have it: what a channel owes for it. Amounts in minor units. */
export interface SoldOrder {
  readonly channelOrderId: string;
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly netMinor: bigint;
    readonly taxMinor: bigint;
  }[];
}

/** A row of a report before it is written in a channel's words. */
export interface PlannedRow {
  readonly class: 'SALE' | 'SALE_TAX' | 'COMMISSION' | 'FEE' | 'REFUND' | 'RESERVE';
  readonly channelOrderId: string | null;
  readonly sku: string | null;
  readonly quantity: number | null;
  readonly amountMinor: bigint;
  readonly postedAt: Date;
  /** Tells two rows apart that are otherwise the same; a row told twice has the same. */
  readonly key: string;
  /** A fee that no rule explains. */
  readonly unknownWords: boolean;
}

export const PLANTABLE = [
  'MISSING_ORDER', 'AMOUNT_DIFFERENCE', 'QUANTITY_DIFFERENCE', 'UNKNOWN_FEE', 'DUPLICATE_LINE', 'LATE_REFUND',
  'TAX_DIFFERENCE', 'PERIOD_SHIFT', 'UNKNOWN_SKU', 'OVERLOADED_ORDER_ID', 'NOT_SETTLED',
] as const; // biome-ignore format: a list
export type Planted = (typeof PLANTABLE)[number];

export interface ReportPlan {
  readonly rows: readonly PlannedRow[];
  /** What must be found, and nothing else. */
  readonly planted: readonly { readonly reason: Planted; readonly channelOrderId: string }[];
  /** What could not be planted as often as asked, because no order is left that suits it. */
  readonly left: readonly Planted[];
}

export interface PlanOptions {
  readonly periodStart: Date;
  /** Exclusive. */
  readonly periodEnd: Date;
  /** How often each error is planted. Every one takes an order of its own. */
  readonly errorsOfEach: number;
  readonly commissionBasisPoints: number;
}

/**
 * What a channel would report about the orders, with errors planted in some of them. The same orders and options give the
 * same plan.
 */
export function planReport(orders: readonly SoldOrder[], options: PlanOptions): ReportPlan {
  const wanted = PLANTABLE.flatMap((reason) => Array.from({ length: options.errorsOfEach }, () => reason));
  const errorOf = new Map<string, Planted>();
  const left: Planted[] = [];
  for (const reason of wanted) {
    const victim = orders.find((order) => !errorOf.has(order.channelOrderId) && suits(order, reason));
    if (victim) errorOf.set(victim.channelOrderId, reason);
    else left.push(reason);
  }
  const planted: { reason: Planted; channelOrderId: string }[] = [];
  const rows = orders.flatMap((order, index) => {
    const right = rowsOf(order, index, options);
    const error = errorOf.get(order.channelOrderId);
    if (!error) return right;
    const wrong = plant(error, right, index, options);
    planted.push({ reason: error, channelOrderId: wrong.channelOrderId });
    return wrong.rows;
  });
  const fees: PlannedRow[] = [
    row({ class: 'FEE', amountMinor: -3_900n, postedAt: options.periodStart, key: 'subscription' }),
    row({ class: 'RESERVE', amountMinor: -10_000n, postedAt: options.periodStart, key: 'reserve' }),
  ];
  return { rows: [...rows, ...fees], planted, left };
}

/** Tax can only be wrong where there is some; where there is a little, it is too small for what is taken off it. */
function suits(order: SoldOrder, reason: Planted): boolean {
  const taxed = ({ taxMinor }: SoldOrder['lines'][number]) =>
    taxMinor > 2n || (taxMinor === 0n && reason !== 'TAX_DIFFERENCE');
  return order.lines.every((line) => line.netMinor > 200n && taxed(line));
}

function row(values: Pick<PlannedRow, 'class' | 'amountMinor' | 'postedAt' | 'key'> & Partial<PlannedRow>): PlannedRow {
  return { channelOrderId: null, sku: null, quantity: null, unknownWords: false, ...values };
}

function rowsOf(order: SoldOrder, index: number, options: PlanOptions): PlannedRow[] {
  const { periodStart, periodEnd, commissionBasisPoints } = options;
  const span = Math.max(1, periodEnd.getTime() - periodStart.getTime());
  const postedAt = new Date(periodStart.getTime() + Math.floor(((index * 7_919_000) % span) / 1_000) * 1_000);
  return order.lines.flatMap(({ sku, quantity, netMinor, taxMinor }, line) => {
    const of = { channelOrderId: order.channelOrderId, sku, quantity, postedAt };
    const key = `${order.channelOrderId}-${line}`;
    return [
      row({ ...of, class: 'SALE', amountMinor: netMinor, key: `${key}-p` }),
      ...(taxMinor > 0n ? [row({ ...of, class: 'SALE_TAX', amountMinor: taxMinor, key: `${key}-t` })] : []),
      row({ ...of, class: 'COMMISSION', amountMinor: -((netMinor * BigInt(commissionBasisPoints)) / 10_000n), key: `${key}-c` }),
    ];
  }); // biome-ignore format: a table
}

function plant(
  error: Planted,
  rows: readonly PlannedRow[],
  index: number,
  { periodStart }: PlanOptions,
): { rows: PlannedRow[]; channelOrderId: string } {
  const [first] = rows;
  if (!first) throw new Error('an order without lines');
  const id = first.channelOrderId ?? '';
  const renamed = (to: string) => ({ rows: rows.map((one) => ({ ...one, channelOrderId: to })), channelOrderId: to });
  const change = (fits: (one: PlannedRow) => boolean, by: (one: PlannedRow) => PlannedRow) => ({
    rows: rows.map((one) => (fits(one) ? by(one) : one)),
    channelOrderId: id,
  });
  const add = (extra: PlannedRow) => ({ rows: [...rows, extra], channelOrderId: id });
  switch (error) {
    case 'MISSING_ORDER':
      // An id of the same form that nobody has.
      return renamed(id.replace(/\d(?=\D*$)/, '').replace(/^(\D*)\d/, '$19').replace(/\d/g, '9') + String(index % 10));
    case 'OVERLOADED_ORDER_ID':
      return renamed(`Removal order no. ${index}`);
    case 'AMOUNT_DIFFERENCE':
      return change((one) => one === first, (one) => ({ ...one, amountMinor: one.amountMinor - 37n }));
    case 'TAX_DIFFERENCE':
      return change((one) => one.class === 'SALE_TAX' && one.sku === first.sku, (one) => ({ ...one, amountMinor: one.amountMinor - 2n }));
    case 'QUANTITY_DIFFERENCE':
      return change((one) => one.sku === first.sku, (one) => ({ ...one, quantity: (one.quantity ?? 0) + 1, amountMinor: (one.amountMinor * BigInt((one.quantity ?? 0) + 1)) / BigInt(one.quantity ?? 1) }));
    case 'PERIOD_SHIFT':
      return change((one) => one === first, (one) => ({ ...one, postedAt: new Date(periodStart.getTime() - 30 * 86_400_000) }));
    case 'UNKNOWN_FEE':
      return add({ ...first, class: 'FEE', amountMinor: -77n, unknownWords: true, quantity: null, key: `${first.key}-x` });
    case 'DUPLICATE_LINE':
      return add(first);
    case 'LATE_REFUND':
      return add({ ...first, class: 'REFUND', quantity: 1, amountMinor: -(first.amountMinor / BigInt(first.quantity ?? 1)), key: `${first.key}-r` });
    case 'UNKNOWN_SKU':
      return add({ ...first, sku: 'NOT-OURS', quantity: 1, amountMinor: 500n, key: `${first.key}-s` });
    case 'NOT_SETTLED':
      return { rows: [], channelOrderId: id };
  } // biome-ignore format: a table
}
