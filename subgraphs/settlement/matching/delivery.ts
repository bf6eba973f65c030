import { groupBy } from '../../../platform/batch.ts';
import type { MatchLine } from './model.ts';
import type { SettlementSettings } from './settings.ts';
import { suspended, type Verdicts } from './verdict-builder.ts';

/**
 * Judges what a channel settled for the delivery of an order, less what it took off again, per currency. Our orders have no delivery
 * charge: what is left is a difference, unless the settings take it as income.
 *
 * @param lines of one order, all of delivery, in the order of their telling
 */
export function judgeDelivery(
  order: { readonly key: string; readonly orderId: string; readonly channelCode: string },
  lines: readonly MatchLine[],
  settings: SettlementSettings,
  verdicts: Verdicts,
): void {
  const { acceptsDelivery } = settings.channel(order.channelCode);
  for (const [currencyCode, group] of groupBy(lines, (line) => line.currencyCode)) {
    const actualMinor = group.reduce((sum, line) => sum + line.amountMinor, 0n);
    const offMinor = actualMinor < 0n ? -actualMinor : actualMinor;
    if (acceptsDelivery || offMinor <= settings.tolerance(currencyCode)) {
      for (const line of group) verdicts.matched(line, 'ORDER', order.orderId);
      continue;
    }
    verdicts.differ(
      {
        scope: `delivery ${currencyCode}`,
        rawKey: order.key,
        reason: 'AMOUNT_DIFFERENCE',
        account: 'suspense',
        expectedMinor: 0n,
        actualMinor,
        differenceMinor: actualMinor,
        currencyCode,
        sku: null,
        statementId: group.at(-1)?.statementId ?? null,
        explanation: `The channel settled delivery, and the order has no charge for it. Where a channel's are right, set acceptsDelivery in config/settlement.yaml.`,
      },
      group,
    );
    for (const line of group) verdicts.post(line, suspended(line));
  }
}
