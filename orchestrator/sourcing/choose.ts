import { explain, isNamed } from './explain.ts';
import type { Sources, SourcingDecision, SourcingRequest, SourcingRule, SourcingRules, WantedLine } from './model.ts';
import { ruleFor } from './rules.ts';
import { type Candidate, compareShares, describeNode, type LeftOut, type Share } from './score.ts';
import { assignLines, Stock } from './stock.ts';

/** Combinations of more nodes than this are not compared; the nodes are then taken one after the other. */
const COMPARED_TOGETHER = 3;
/** Nodes of which combinations are compared, the best by themselves. */
const COMPARED_NODES = 14;

/**
 * Decides which nodes serve an order's lines, by the first rule that fits. Pure: no clock, no chance.
 * A node over its capacity is asked only when the others do not have the goods. Without a rule, null: the units stay
 * where the capture put them.
 */
export function chooseNodes(rules: SourcingRules, request: SourcingRequest, sources: Sources): SourcingDecision | null {
  const rule = ruleFor(rules.rules, request);
  if (!rule) return null;
  const nodes = sources.nodes.map((facts) => describeNode(facts, rules, rule, request));
  const leftOut = new Map<Candidate, LeftOut>();
  for (const node of nodes) {
    const reason = obstacle(node, rule, request);
    if (reason) leftOut.set(node, reason);
  }
  const able = nodes.filter((node) => !leftOut.has(node));
  const overloaded = able.filter(isFull);
  const stock = new Stock(sources, rule.keep);
  const wanted = demandOf(request.lines);
  const demand = withinLimits(wanted, sources.most ?? []);
  const isLimited = [...wanted].some(([sku, units]) => units > (demand.get(sku) ?? 0));

  let chosen = pick(rule, able.filter((node) => !isFull(node)), demand, stock); // biome-ignore format: one thought
  if (chosen.complete) for (const node of overloaded) leftOut.set(node, 'over its capacity');
  else if (overloaded.length > 0) chosen = pick(rule, able, demand, stock);

  const waits = rule.otherwise === 'wait' && (!chosen.complete || isLimited);
  const { sourced, waiting } = assignLines(request.lines, waits ? [] : chosen.nodes.map(idOf), stock, demand);
  for (const node of able) {
    if (leftOut.has(node) || !isNamed(rule, node) || sourced.some((one) => one.locationId === idOf(node))) continue;
    const reason = shortfall(node, demand, stock);
    if (reason) leftOut.set(node, reason);
  }
  const decision = { rule: rule.name, sourced, waiting };
  return { ...decision, explanation: explain(decision, rule, nodes, leftOut) };
}

function obstacle(node: Candidate, rule: SourcingRule, request: SourcingRequest): LeftOut | null {
  const { code, refused } = node.facts;
  if (refused) return 'refused';
  if (rule.without.includes(code) || (rule.only && !rule.only.includes(code))) return 'not for this rule';
  const country = request.destination?.countryCode;
  if (country !== undefined && node.policy.delivers && !node.policy.delivers.includes(country))
    return 'does not deliver there';
  return null;
}

/** What a node that the rule counts on lacks. Null when it has everything: others were better by the rule. */
function shortfall(node: Candidate, demand: ReadonlyMap<string, number>, stock: Stock): LeftOut | null {
  if (stock.has(demand, [idOf(node)])) return null;
  return stock.serve(demand, [idOf(node)]).size === 0 ? 'has not got the goods' : 'has not got all of the goods';
}

function isFull({ policy, facts }: Candidate): boolean {
  return policy.capacityPerDay !== undefined && facts.workToday >= policy.capacityPerDay;
}

const idOf = (node: Candidate) => node.facts.locationId;

function demandOf(lines: readonly WantedLine[]): Map<string, number> {
  const demand = new Map<string, number>();
  for (const { sku, quantity } of lines) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  return demand;
}

function withinLimits(
  demand: ReadonlyMap<string, number>,
  most: NonNullable<Sources['most']>,
): ReadonlyMap<string, number> {
  const limits = new Map(most.map(({ sku, quantity }) => [sku, quantity]));
  return new Map([...demand].map(([sku, units]) => [sku, Math.min(units, limits.get(sku) ?? units)]));
}

interface Chosen {
  readonly nodes: readonly Candidate[];
  /** Whether they have all of it, within the number of shipments that the rule allows. */
  readonly complete: boolean;
}

/** The best nodes by the rule: all combinations of a few are compared, more are found one after the other. */
function pick(
  rule: SourcingRule,
  able: readonly Candidate[],
  demand: ReadonlyMap<string, number>,
  stock: Stock,
): Chosen {
  const sharesOf = (nodes: readonly Candidate[]): Share[] => {
    const served = stock.serve(demand, nodes.map(idOf));
    return nodes.flatMap((node) => {
      const units = served.get(idOf(node)) ?? 0;
      return units > 0 ? [{ node, units }] : [];
    });
  };
  const useful = able
    .flatMap((node) => {
      const shares = sharesOf([node]);
      return shares.length > 0 ? [{ node, shares }] : [];
    })
    .sort((a, b) => compareShares(rule.prefer, a.shares, b.shares))
    .map(({ node }) => node);

  const limit = rule.shipments ?? useful.length;
  let best: { nodes: readonly Candidate[]; shares: Share[] } | null = null;
  const wanted = [...demand.values()].reduce((sum, units) => sum + units, 0);
  for (const nodes of combinations(useful.slice(0, COMPARED_NODES), Math.min(limit, COMPARED_TOGETHER))) {
    const shares = sharesOf(nodes);
    // A node without a share belongs to a smaller combination.
    if (shares.length < nodes.length || shares.reduce((sum, { units }) => sum + units, 0) < wanted) continue;
    if (!best || compareShares(rule.prefer, shares, best.shares) < 0) best = { nodes, shares };
  }
  if (best) return { nodes: best.nodes, complete: true };
  const nodes = oneAfterTheOther(useful, demand, stock);
  return { nodes, complete: stock.has(demand, nodes.map(idOf)) && nodes.length <= limit };
}

/** The node that completes most items goes first, then the one with most units, then the better one. */
function oneAfterTheOther(
  useful: readonly Candidate[],
  demand: ReadonlyMap<string, number>,
  stock: Stock,
): readonly Candidate[] {
  const chosen: Candidate[] = [];
  for (;;) {
    const missing = stock.missing(demand, chosen.map(idOf));
    if (missing.size === 0) return chosen;
    let best: { node: Candidate; completes: number; units: number } | null = null;
    for (const node of useful) {
      if (chosen.includes(node)) continue;
      const { completes, units } = stock.contribution(missing, idOf(node));
      const isBetter = !best || completes > best.completes || (completes === best.completes && units > best.units);
      if (units > 0 && isBetter) best = { node, completes, units };
    }
    if (!best) return chosen;
    chosen.push(best.node);
  }
}

/** All choices of 1 to `most` of the items, smaller ones first. */
function* combinations<Item>(items: readonly Item[], most: number): Generator<Item[]> {
  for (let size = 1; size <= Math.min(most, items.length); size++) yield* ofSize(items, size);
}

function* ofSize<Item>(items: readonly Item[], size: number, from = 0): Generator<Item[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let index = from; index <= items.length - size; index++) {
    for (const rest of ofSize(items, size - 1, index + 1)) yield [items[index] as Item, ...rest];
  }
}
