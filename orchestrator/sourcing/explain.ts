import { counted } from '../../platform/counted.ts';
import type { SourcingDecision, SourcingRule } from './model.ts';
import type { Candidate, LeftOut } from './score.ts';

/** Longest list of nodes that were left out. */
const MOST_LEFT_OUT = 5;

/** The decision in words, for the order's timeline. Names nodes and quantities, nothing of the buyer. */
export function explain(
  { sourced, waiting }: Omit<SourcingDecision, 'explanation'>,
  rule: SourcingRule,
  nodes: readonly Candidate[],
  leftOut: ReadonlyMap<Candidate, LeftOut>,
): string {
  const byNode = new Map<string, number>();
  for (const { locationId, quantity } of sourced) byNode.set(locationId, (byNode.get(locationId) ?? 0) + quantity);
  const shares = nodes.flatMap((node) => {
    const units = byNode.get(node.facts.locationId);
    return units === undefined
      ? []
      : [`${counted(units, 'unit')} from ${node.facts.code} (dispatch ${node.dispatchDay})`];
  });
  const waits = waiting.reduce((sum, { quantity }) => sum + quantity, 0);
  const sentences = [
    shares.length > 0
      ? `Sourced by rule "${rule.name}" (${rule.prefer.join(', then ')}): ${shares.join(' and ')}.`
      : `Rule "${rule.name}" found no node.`,
    ...(waits > 0 ? [`${counted(waits, 'unit')} wait${waits === 1 ? 's' : ''} for stock${reasonToWait(rule)}.`] : []),
    ...leftOutSentence(rule, leftOut),
  ];
  return sentences.join(' ');
}

function reasonToWait({ shipments, otherwise }: SourcingRule): string {
  if (otherwise !== 'wait' || shipments === undefined) return '';
  return shipments === 1 ? ', because one node is to ship all' : `, because at most ${shipments} nodes are to ship`;
}

/** Whether the rule names a node as one that it would rather have, or that alone is asked. */
export function isNamed({ nodes, only = [] }: SourcingRule, { facts }: Candidate): boolean {
  return nodes.includes(facts.code) || only.includes(facts.code);
}

/** Nodes that the rule names come first: people look for those. */
function leftOutSentence(rule: SourcingRule, leftOut: ReadonlyMap<Candidate, LeftOut>): string[] {
  if (leftOut.size === 0) return [];
  const inOrder = [...leftOut].sort(([a], [b]) => Number(isNamed(rule, b)) - Number(isNamed(rule, a)));
  const reasons = inOrder.map(([node, reason]) => `${node.facts.code} (${reason})`);
  const shown = reasons.slice(0, MOST_LEFT_OUT).join(', ');
  return [`Left out: ${shown}${reasons.length > MOST_LEFT_OUT ? ` and ${reasons.length - MOST_LEFT_OUT} more` : ''}.`];
}
