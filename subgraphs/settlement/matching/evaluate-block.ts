import { judgeFee } from './fees.ts';
import { byPlace, type GroupVerdict, type MatchLine } from './model.ts';
import type { SettlementSettings } from './settings.ts';
import { sideOf } from './sides.ts';
import { createVerdicts } from './verdict-builder.ts';

/** Lines of one statement that name no order. */
export interface BlockFacts {
  readonly channelCode: string;
  /** `#` and the number of the block. */
  readonly key: string;
  readonly lines: readonly MatchLine[];
  /** Fingerprints of those lines that were told before, in an earlier place. */
  readonly toldBefore: ReadonlySet<MatchLine>;
}

/** Judges lines that name no order: fees, reserves, transfers, corrections. */
export function evaluateBlock(facts: BlockFacts, settings: SettlementSettings): GroupVerdict {
  const channel = settings.channel(facts.channelCode);
  const verdicts = createVerdicts({ key: facts.key, orderId: null });
  const lines = [...facts.lines].sort(byPlace);
  for (const line of lines) {
    if (facts.toldBefore.has(line)) {
      verdicts.unexplained(line, 'DUPLICATE_LINE', 'The same line was settled before.');
    } else if (sideOf(line) !== null) {
      verdicts.unexplained(line, 'MISSING_ORDER', 'Goods without an order id.');
    } else {
      const fault = judgeFee(line, channel, null, 0n);
      if (fault) verdicts.unexplained(line, fault.reason, fault.explanation);
      else if (line.class === 'PAYOUT') verdicts.matched(line, 'PAYOUT', line.statementId);
      else verdicts.matched(line, 'FEE_RULE', null);
    }
  }
  return { ...verdicts.result(lines), settlement: null };
}
