import type { ReconciliationReason } from '../model.ts';
import { type FoundDifference, groupKeyOf, type LineVerdict, type MatchLine, type Movement, type PostingGroup } from './model.ts'; // biome-ignore format: one thought
import { classToPost } from './sides.ts';

/** Gathers what is found out about the lines of one order id or block. */
export function createVerdicts(group: { readonly key: string; readonly orderId: string | null }) {
  const verdicts = new Map<MatchLine, LineVerdict>();
  const differences: FoundDifference[] = [];
  const movements = new Map<MatchLine, readonly Movement[]>();
  const extra: { readonly line: MatchLine; readonly movement: Movement }[] = [];
  const channelOrderId = group.orderId === null && group.key.startsWith('#') ? null : group.key;

  function matched(line: MatchLine, target: LineVerdict['target'], targetId: string | null): void {
    const byRule = { FEE_RULE: 'fee-rule', PAYOUT: 'payout' } as const;
    const rule =
      line.class === 'RESERVE' || line.class === 'RESERVE_RELEASE'
        ? 'reserve'
        : target === 'FEE_RULE' || target === 'PAYOUT'
          ? byRule[target]
          : (line.foundBy ?? 'order-id');
    verdicts.set(line, { line, rule, target, targetId, difference: null });
  }

  function differ(found: Omit<FoundDifference, 'orderId' | 'channelOrderId'>, lines: readonly MatchLine[]): void {
    differences.push({ ...found, orderId: group.orderId, channelOrderId });
    const target = group.orderId === null ? 'NONE' : 'ORDER';
    for (const line of lines)
      verdicts.set(line, { line, rule: line.foundBy ?? 'none', target, targetId: group.orderId, difference: found.scope }); // biome-ignore format: one thought
  }

  return {
    matched,
    differ,

    /** A line that nothing explains: what is beyond the expected amount, or all of it, waits on the suspense account. */
    unexplained(
      line: MatchLine,
      reason: ReconciliationReason,
      explanation: string,
      expectedMinor: bigint | null = null,
    ): void {
      const { amountMinor, currencyCode, sku, statementId } = line;
      const differenceMinor = amountMinor - (expectedMinor ?? 0n);
      differ(
        {
          scope: `line ${statementId} ${line.lineNumber}`,
          rawKey: line.rawKey ?? group.key,
          reason,
          account: 'suspense',
          expectedMinor,
          actualMinor: amountMinor,
          differenceMinor,
          currencyCode,
          sku,
          statementId,
          explanation,
        },
        [line],
      );
      const expected: Movement[] =
        expectedMinor === null
          ? []
          : [{ event: 'SETTLEMENT', class: classToPost(line), amountMinor: expectedMinor, currencyCode }];
      movements.set(line, [...expected, { event: 'SETTLEMENT', class: 'UNEXPLAINED', amountMinor: differenceMinor, currencyCode }]); // biome-ignore format: one thought
    },

    /** Posts lines in another way than by their class. */
    post(line: MatchLine, instead: readonly Movement[]): void {
      movements.set(line, instead);
    },

    /** Posts something more with the statement of a line. */
    postBeside(line: MatchLine, movement: Movement): void {
      if (movement.amountMinor !== 0n) extra.push({ line, movement });
    },

    verdictOf: (line: MatchLine) => verdicts.get(line),

    result(lines: readonly MatchLine[]) {
      return {
        lines: lines.map((line) => verdicts.get(line)).filter((one) => one !== undefined),
        differences,
        postings: postingGroups(lines, group, (line) => movements.get(line) ?? settled(line), extra),
      };
    },
  };
}

export type Verdicts = ReturnType<typeof createVerdicts>;

export function suspended({ amountMinor, currencyCode }: MatchLine): Movement[] {
  return [{ event: 'SETTLEMENT', class: 'UNEXPLAINED', amountMinor, currencyCode }];
}

function settled(line: MatchLine): Movement[] {
  // The transfer is posted with the payout, not with the lines.
  if (line.class === 'PAYOUT') return [];
  return [{ event: 'SETTLEMENT', class: classToPost(line), amountMinor: line.amountMinor, currencyCode: line.currencyCode }]; // biome-ignore format: one thought
}

/**
 * One group per statement and order id as the lines have it: that stays the same, whatever they are matched with later. What a
 * person gave to an order stays unexplained there, and moves from there with the posting of the decision.
 */
function postingGroups(
  lines: readonly MatchLine[],
  group: { readonly key: string; readonly orderId: string | null },
  movementsOf: (line: MatchLine) => readonly Movement[],
  extra: readonly { readonly line: MatchLine; readonly movement: Movement }[],
): PostingGroup[] {
  const groups = new Map<string, PostingGroup & { movements: Movement[] }>();
  const of = (
    line: MatchLine,
    rawKey: string,
    groupKey: string,
    posted: Pick<PostingGroup, 'orderId' | 'decisionId'>,
  ) => {
    // biome-ignore format: one thought
    const { statementId } = line;
    const known = groups.get(`${statementId} ${groupKey}`) ?? {
      statementId,
      rawKey,
      groupKey,
      ...posted,
      movements: [],
    };
    groups.set(`${statementId} ${groupKey}`, known);
    return known.movements;
  };
  const told = (line: MatchLine) => {
    const rawKey = line.rawKey ?? group.key;
    if (line.decisionId === null) return of(line, rawKey, `${group.orderId ?? ''}|${rawKey}`, { orderId: group.orderId, decisionId: null }); // biome-ignore format: one thought
    // As before the decision: of no order, alone where it names none.
    return of(line, rawKey, `|${line.rawKey ?? `line ${line.lineNumber}`}`, { orderId: null, decisionId: null });
  };
  const decided = (line: MatchLine, decisionId: string) =>
    of(line, group.key, groupKeyOf(decisionId), { orderId: group.orderId, decisionId });
  for (const line of lines) {
    if (line.decisionId === null) told(line).push(...movementsOf(line));
    else {
      told(line).push(...suspended(line));
      decided(line, line.decisionId).push(
        ...movementsOf(line),
        ...suspended({ ...line, amountMinor: -line.amountMinor }),
      );
    }
  }
  for (const { line, movement } of extra)
    (line.decisionId === null ? told(line) : decided(line, line.decisionId)).push(movement);
  return [...groups.values()];
}
