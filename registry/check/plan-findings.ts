import type { ComposedGraph } from '../api-schema.ts';
import { type Finding, finding } from './finding.ts';
import type { LiveContract } from './live-contract.ts';
import type { BlastRadius, LiveOperation } from './operations.ts';
import { exceedsBudget, FETCH_BUDGET, type PlanCost, planCosts } from './plan-cost.ts';

/** What a change does to the plans of registered operations. Nothing is planned when the graph is the same. */
export function planFindings(
  before: ComposedGraph,
  after: ComposedGraph,
  operations: ReadonlyMap<LiveContract, readonly LiveOperation[]>,
  radius: BlastRadius,
): Finding[] {
  if (before.supergraphSdl === after.supergraphSdl) return [];
  const [costBefore, costAfter] = [planCosts(before), planCosts(after)];
  const planned = new Set<string>();
  return [...operations].flatMap(([contract, own]) =>
    own.flatMap((operation): Finding[] => {
      const { trusted, document } = operation;
      if (planned.has(trusted.sha256)) return [];
      planned.add(trusted.sha256);
      const was = costBefore(document);
      const is = costAfter(document);
      if (!was || !is || (was.fetches === is.fetches && was.rounds === is.rounds)) return [];
      return [planFinding(contract, operation, was, is, radius)];
    }),
  );
}

function planFinding(
  contract: LiveContract,
  operation: LiveOperation,
  was: PlanCost,
  is: PlanCost,
  radius: BlastRadius,
): Finding {
  const { trusted } = operation;
  const over = exceedsBudget(was, is);
  const more = is.fetches > was.fetches || is.rounds > was.rounds;
  return finding({
    category: 'plan',
    rule: over ? 'PLAN_OVER_BUDGET' : more ? 'PLAN_COSTS_MORE' : 'PLAN_COSTS_LESS',
    severity: over ? 'breaking' : more ? 'dangerous' : 'safe',
    coordinate: `${trusted.client}/${trusted.operation}`,
    detail: `${trusted.sha256} ${is.fetches}`,
    message: `${trusted.operation} of ${trusted.client} needs ${requests(is)}, ${was.fetches} before.`,
    reason: over
      ? `The budget is half as many again, or ${FETCH_BUDGET.more - 1} more: ${was.fetches} may become ${Math.max(was.fetches + FETCH_BUDGET.more - 1, Math.floor(was.fetches * FETCH_BUDGET.ratio))}.`
      : 'Within the budget.',
    advice: more
      ? 'Look at where the fields come from now: an entity that moved, or a @requires, costs a request of its own; @provides or @shareable may save it.'
      : '',
    contracts: [contract.path],
    owners: [trusted.owner],
    affected: [radius.describe(operation, contract, false)],
  });
}

const requests = ({ fetches, rounds }: PlanCost): string =>
  `${fetches} ${fetches === 1 ? 'request' : 'requests'} to subgraphs in ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`;
