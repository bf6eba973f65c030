import type { WayState } from './budget.ts';

/** What waits to be told to a channel. */
export interface Waiting {
  readonly items: number;
  readonly urgent: boolean;
  /** Whether one of the first has to go by itself. */
  readonly alone: boolean;
  /** How long the oldest has waited. */
  readonly oldestSeconds: number;
}

export interface Choice {
  readonly way: WayState;
  /** Items to send. */
  readonly limit: number;
  /** Which end of the line: what is worth least goes the slow way, so that the quick one is free for the rest. */
  readonly from: 'first' | 'last';
}

/** What the quickest way can do within so many seconds is left to it. */
const PATIENCE_SECONDS = 30;

/**
 * Pure: how the next of what waits is sent. The quickest way takes what is worth most; what it cannot do soon goes by the way that takes
 * the most items. A way that is scarce is kept for what is urgent, for a full submission, or for what has waited long enough.
 *
 * @param ways quickest first
 * @returns null: nothing may or should be sent now
 */
export function chooseWay({ items, urgent, alone, oldestSeconds }: Waiting, ways: readonly WayState[]): Choice | null {
  const quick = ways[0];
  const wide = ways.at(-1);
  if (items === 0 || !quick || !wide) return null;
  if (wide !== quick && wide.tokens >= 1) {
    const soon = Math.floor((quick.tokens + quick.perSecond * PATIENCE_SECONDS) * quick.most);
    const rest = items - soon;
    if (rest > 0 && (rest >= wide.most || !isScarce(wide) || oldestSeconds * wide.perSecond >= 1))
      return { way: wide, limit: Math.min(rest, wide.most), from: 'last' };
  }
  if (quick.tokens < 1) return null;
  const isWorth = urgent || items >= quick.most || !isScarce(quick) || oldestSeconds * quick.perSecond >= 1;
  return isWorth ? { way: quick, limit: alone ? 1 : Math.min(items, quick.most), from: 'first' } : null;
}

/** Less than half of what may be sent at once is left. */
const isScarce = ({ tokens, burst }: WayState) => tokens < burst / 2;
