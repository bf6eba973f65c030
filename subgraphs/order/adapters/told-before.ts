import { parseMoney } from '../../../platform/money.ts';
import type { ChannelNotice, NoticeLine } from '../port.ts';

/** Units of a line in the notices of some kinds that a channel took before. */
export function unitsTold(before: readonly ChannelNotice[], kinds: readonly ChannelNotice['kind'][]) {
  return ({ lineId }: NoticeLine): number =>
    before
      .flatMap(({ kind, lines }) => (kinds.includes(kind) ? lines : []))
      .reduce((sum, line) => (line.lineId === lineId ? sum + line.quantity : sum), 0);
}

type Refund = Extract<ChannelNotice, { kind: 'REFUND' }>;

/**
 * What of a refund's line a channel does not count yet, in the currency's smallest unit: zero or less when it has all of it.
 * @param counted what the channel counts as gone back of the line
 */
export function refundLeft(notice: Refund, line: Refund['lines'][number], before: readonly ChannelNotice[], counted: bigint): bigint {
  const minor = (decimal: string) => parseMoney(decimal, notice.currencyCode).amountMinor;
  const now = minor(line.amount);
  const earlier = before.flatMap((one) => (one.kind === 'REFUND' ? one.lines : [])).filter(({ lineId }) => lineId === line.lineId);
  const left = earlier.reduce((sum, one) => sum + minor(one.amount), now) - counted;
  // biome-ignore lint/complexity/useMathMinMax: bigint
  return left < now ? left : now;
} // biome-ignore format: one thought
