import fc from 'fast-check';

export interface OrderPlan {
  readonly key: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  /** ORDER: at once. HELD: hold the stock first, then order it. ABANDONED: hold it and let go. */
  readonly kind: 'ORDER' | 'HELD' | 'ABANDONED';
  /** Whether a second client sends the same request at the same time. */
  readonly twice: boolean;
  /** Whether it waits for what is not there. Nothing comes in while it lasts: such an order is cancelled in the end. */
  readonly backorder: boolean;
  readonly cancel: { readonly line: number; readonly quantity: number } | 'ALL' | null;
  /** NOW: with the order. NEVER: then it ends by its deadline. Else after this share of the time that it has. */
  readonly payment: 'NOW' | 'NEVER' | number;
}

/**
 * What the clients want: most of it goods that many want and of which there are few. The same seed gives the same
 * wishes; what the faults make of them differs.
 *
 * @param hot SKUs that cannot serve everybody who asks
 * @param bundles SKUs made of others
 */
export function planOrders(
  seed: number,
  count: number,
  hot: readonly string[],
  spread: readonly string[],
  bundles: readonly string[],
): OrderPlan[] {
  const sku = fc.oneof(
    { arbitrary: fc.constantFrom(...hot), weight: 1 },
    { arbitrary: fc.constantFrom(...spread), weight: 2 },
    ...(bundles.length > 0 ? [{ arbitrary: fc.constantFrom(...bundles), weight: 1 }] : []),
  );
  const order = fc.record({
    // Now and then one SKU stands on two lines.
    lines: fc
      .tuple(
        fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(false, false, false, true),
      )
      .map(([lines, again]) => (again ? [...lines, ...lines.slice(0, 1)] : lines)),
    backorder: fc.constantFrom(false, false, false, false, false, false, false, true),
    kind: fc.constantFrom<OrderPlan['kind'][]>(
      'ORDER',
      'ORDER',
      'ORDER',
      'ORDER',
      'ORDER',
      'HELD',
      'HELD',
      'ABANDONED',
    ),
    twice: fc.constantFrom(false, false, false, false, false, false, true),
    cancel: fc.constantFrom<OrderPlan['cancel'][]>(null, null, null, null, null, null, 'ALL', { line: 0, quantity: 1 }),
    // Paid in good time, or in the very moment in which workers come to cancel it.
    payment: fc.constantFrom<OrderPlan['payment'][]>('NOW', 'NOW', 'NOW', 'NOW', 'NOW', 'NOW', 'NEVER', 0.3, 1.05),
  });
  const [orders = []] = fc.sample(fc.array(fc.noBias(order), { minLength: count, maxLength: count, size: 'max' }), {
    seed,
    numRuns: 1,
  });
  return orders.map((one, index) => ({
    ...one,
    cancel: one.backorder ? 'ALL' : one.cancel,
    key: `chaos-${seed}-${index}`,
  }));
}
