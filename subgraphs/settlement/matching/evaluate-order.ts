import { groupBy } from '../../../platform/batch.ts';
import { judgeDelivery } from './delivery.ts';
import { beyondAllowedRepeats } from './duplicates.ts';
import { beyondInvoices, judgeFee } from './fees.ts';
import { compareGoods, type GoodsResult } from './goods.ts';
import { byPlace, type GroupVerdict, type MatchLine, type OrderFacts } from './model.ts';
import type { ChannelSettings, SettlementSettings } from './settings.ts';
import { isAboutDelivery, sideOf } from './sides.ts';
import { createVerdicts, suspended, type Verdicts } from './verdict-builder.ts';

const DAY = 86_400_000;

/** Judges all lines of one order id together: what of it is matched, and what is a difference and why. */
export function evaluateOrder(facts: OrderFacts, settings: SettlementSettings, now: Date): GroupVerdict {
  const lines = [...facts.lines].sort(byPlace);
  return facts.order === null ? ofNoOrder(facts, lines) : ofOrder(facts, facts.order, lines, settings, now);
}

/** Nobody knows the order: one difference per statement. */
function ofNoOrder(facts: OrderFacts, lines: readonly MatchLine[]): GroupVerdict {
  const verdicts = createVerdicts({ key: facts.key, orderId: null });
  const why = facts.looksLikeOrderId
    ? 'No order of the channel has this id.'
    : 'The order id holds something that does not look like an order id of the channel.';
  for (const [scope, group] of groupBy(lines, (line) => `${line.statementId} ${line.currencyCode}`)) {
    const actualMinor = group.reduce((sum, line) => sum + line.amountMinor, 0n);
    verdicts.differ(
      {
        scope,
        rawKey: facts.key,
        reason: facts.looksLikeOrderId ? 'MISSING_ORDER' : 'OVERLOADED_ORDER_ID',
        account: 'suspense',
        expectedMinor: null,
        actualMinor,
        differenceMinor: actualMinor,
        currencyCode: group[0]?.currencyCode ?? '',
        sku: null,
        statementId: group[0]?.statementId ?? null,
        explanation: `${why} ${group.length === 1 ? 'One line.' : `${group.length} lines.`}`,
      },
      group,
    );
    for (const line of group) verdicts.post(line, suspended(line));
  }
  return { ...verdicts.result(lines), settlement: null };
}

function ofOrder(
  facts: OrderFacts,
  order: NonNullable<OrderFacts['order']>,
  lines: readonly MatchLine[],
  settings: SettlementSettings,
  now: Date,
): GroupVerdict {
  const channel = settings.channel(facts.channelCode);
  const verdicts = createVerdicts({ key: facts.key, orderId: order.orderId });
  const repeated = beyondAllowedRepeats(lines, order.ordered);
  const usable: MatchLine[] = [];
  const waiting: MatchLine[] = [];
  for (const line of lines) {
    if (repeated.has(line)) verdicts.unexplained(line, 'DUPLICATE_LINE', 'The same line was settled before.');
    else if (line.sku !== null && sideOf(line) !== null && !order.ordered.has(line.sku)) {
      verdicts.unexplained(line, 'UNKNOWN_SKU', `The order has no SKU ${line.sku}.`);
      if (!facts.decided.has(line)) waiting.push(line);
    } else usable.push(line);
  }
  const goods = compareGoods(facts, order, { usable, waiting }, settings, now, verdicts);
  judgeDelivery({ ...facts, orderId: order.orderId }, usable.filter(isAboutDelivery), settings, verdicts);
  judgeRest(facts, order, usable, settings, verdicts);
  for (const line of usable) noteShift(line, facts, channel, verdicts);
  return {
    ...verdicts.result(lines),
    settlement: {
      orderId: order.orderId,
      currencyCode: order.currencyCode,
      ...sums(goods),
      feesMinor: usable
        .filter((line) => isCost(line) && line.currencyCode === order.currencyCode)
        .reduce((sum, line) => sum + line.amountMinor, 0n),
    },
  };
}

/** Fees, chargebacks, corrections: explained by a rule, or not. */
function judgeRest(
  facts: OrderFacts,
  order: NonNullable<OrderFacts['order']>,
  lines: readonly MatchLine[],
  settings: SettlementSettings,
  verdicts: Verdicts,
): void {
  const channel = settings.channel(facts.channelCode);
  for (const line of lines.filter((one) => sideOf(one) === null && !isAboutDelivery(one))) {
    const sale = lines
      .filter((one) => one.class === 'SALE' && one.statementId === line.statementId)
      .filter((one) => line.sku === null || one.sku === line.sku)
      .reduce((sum, one) => sum + one.amountMinor, 0n);
    const fault =
      judgeFee(line, channel, sale, settings.tolerance(line.currencyCode)) ??
      (line.currencyCode === order.currencyCode ? beyondInvoices(line, facts.documents, channel.remitsTax) : null);
    if (fault) verdicts.unexplained(line, fault.reason, fault.explanation, fault.expectedMinor);
    else verdicts.matched(line, line.class === 'PAYOUT' ? 'PAYOUT' : 'FEE_RULE', null);
  }
}

/** Booked outside of its statement's period: the amount is right and posted with the statement, so that nobody has to decide unless finance wants to. */
function noteShift(
  line: MatchLine,
  facts: OrderFacts,
  { periodGraceDays: graceDays, decidesShifts }: ChannelSettings,
  verdicts: Verdicts,
): void {
  const at = line.postedAt.getTime();
  const inside = at >= line.periodStart.getTime() - graceDays * DAY && at < line.periodEnd.getTime() + graceDays * DAY;
  if (inside || verdicts.verdictOf(line)?.difference !== null) return;
  verdicts.differ(
    {
      scope: `shift ${line.statementId} ${line.lineNumber}`,
      rawKey: line.rawKey ?? facts.key,
      reason: sideOf(line) === 'REFUND' ? 'LATE_REFUND' : 'PERIOD_SHIFT',
      account: 'channel-receivable',
      expectedMinor: line.amountMinor,
      actualMinor: line.amountMinor,
      differenceMinor: 0n,
      currencyCode: line.currencyCode,
      sku: line.sku,
      statementId: line.statementId,
      explanation: `Booked by the channel on ${line.postedAt.toISOString().slice(0, 10)}, outside of its statement's period. The amount is as expected, and posted with the statement${decidesShifts ? '' : ': nothing is left to decide'}.`,
      needsNobody: !decidesShifts,
    },
    [line],
  );
}

function isCost(line: MatchLine): boolean {
  return ['COMMISSION', 'FEE', 'CHARGEBACK', 'ADJUSTMENT', 'EXCHANGE'].includes(line.class);
}

function sums(results: readonly GoodsResult[]) {
  const due = results.flatMap((result) => (result.dueAt === null ? [] : [result.dueAt.getTime()]));
  return {
    expectedMinor: results.reduce((sum, result) => sum + result.expectedMinor, 0n),
    settledMinor: results.reduce((sum, result) => sum + result.settledMinor, 0n),
    dueAt: due.length === 0 ? null : new Date(Math.min(...due)),
  };
}
