import type { FetchNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import type { SubgraphAnswer } from '../data-sources/subgraph-answer.ts';
import { applyRewrites } from './apollo-parts.ts';
import { type AskedEntities, EntityFetch } from './entity-fetch.ts';
import { fetchedNames, renamedKeys } from './fetched-names.ts';
import { compileMerge } from './merge.ts';
import { type PlanRequests, type SentValues, variablesOf, withoutNumber } from './plan-requests.ts';
import type { Run, Step } from './run.ts';
import { answerError } from './subgraph-errors.ts';
import { compileTargets, type TargetPath } from './targets.ts';
import { Unsupported } from './unsupported.ts';

export interface FetchOptions {
  readonly supergraph: GraphQLSchema;
  readonly requests: PlanRequests;
}

/** A fetch and the place of the answer that it adds to. */
export interface PlacedFetch {
  readonly node: FetchNode;
  readonly path: TargetPath;
}

/** @throws Unsupported */
export function compileFetch(fetch: PlacedFetch, options: FetchOptions): Step {
  return fetch.node.requires ? compileSiblings([fetch], options) : rootStep(fetch, options);
}

/**
 * Compiles fetches of entities that begin at the same time and go to one subgraph, so that they take one request: those
 * that ask for the same of several places become one, and what is left is sent together.
 * @throws Unsupported
 */
export function compileSiblings(fetches: readonly PlacedFetch[], { supergraph, requests }: FetchOptions): Step {
  const parts = alike(fetches).map(([first, ...others]) => {
    assertSupported(first.node);
    return new EntityFetch(
      first.node,
      [first, ...others].map(({ path }) => path),
      supergraph,
    );
  });
  const [only, ...others] = parts;
  if (only && others.length === 0) {
    const send = requests.sender(only);
    return async (run) => {
      const asked = only.ask(run);
      if (asked) await takeAnswer(run, only, asked, send(run, valuesOf(run, only, asked)));
    };
  }
  const send = requests.togetherSender(parts);
  return async (run) => {
    const asked = parts.map((part) => part.ask(run));
    const values = parts.map((part, index) => {
      const own = asked[index];
      return own ? valuesOf(run, part, own) : null;
    });
    const answers = send(run, values);
    await Promise.all(
      parts.map(async (part, index) => {
        const [own, answer] = [asked[index], answers[index]];
        if (own && answer) await takeAnswer(run, part, own, answer);
      }),
    );
  };
}

/** Fetches that differ in nothing but the place that they add to. */
function alike(fetches: readonly PlacedFetch[]): [PlacedFetch, ...PlacedFetch[]][] {
  const groups = new Map<string, [PlacedFetch, ...PlacedFetch[]]>();
  for (const fetch of fetches) {
    const { requires, inputRewrites, outputRewrites } = fetch.node;
    const key = JSON.stringify([withoutNumber(fetch.node).text, requires, inputRewrites, outputRewrites]);
    const group = groups.get(key);
    if (group) group.push(fetch);
    else groups.set(key, [fetch]);
  }
  return [...groups.values()];
}

function rootStep({ node, path }: PlacedFetch, { supergraph, requests }: FetchOptions): Step {
  assertSupported(node);
  const { names, hasLeavesOnly } = fetchedNames(node.operation, false);
  const renamed = renamedKeys(node);
  const merge = compileMerge([...names, ...renamed]);
  const targetsIn = compileTargets(path);
  const send = requests.sender({ node, isNeverChanged: hasLeavesOnly && renamed.length === 0 });
  return async (run) => {
    // A path that leads nowhere because of what a subgraph sent is a failure of the whole plan, as in @apollo/gateway.
    const targets = targetsIn(run.data);
    if (targets.length === 0) return;
    await failingAlone(run, async () => {
      const { data, errors } = await send(run, { variables: variablesOf(node, run), entities: null });
      for (const error of errors ?? [])
        run.errors.push(answerError(error, node.serviceName, error.path && [...path, ...error.path]));
      if (!data) {
        run.isComplete = false;
        return;
      }
      applyRewrites(supergraph, node.outputRewrites, data);
      for (const target of targets) merge(target, data);
    });
  };
}

function valuesOf(run: Run, { node }: EntityFetch, { representations }: AskedEntities): SentValues {
  return { variables: { ...variablesOf(node, run), representations }, entities: representations.length };
}

function takeAnswer(
  run: Run,
  fetch: EntityFetch,
  asked: AskedEntities,
  answer: Promise<SubgraphAnswer>,
): Promise<void> {
  return failingAlone(run, async () => fetch.take(run, asked, await answer));
}

/** A fetch that fails leaves its part of the answer null. */
async function failingAlone(run: Run, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    run.isComplete = false;
    run.errors.push(error instanceof Error ? error : new Error('not an error'));
  }
}

function assertSupported(node: FetchNode): void {
  if (node.contextRewrites?.length) throw new Unsupported('context');
  // The planner's own names for what it asks for, and ours.
  const isTaken = (name: string) => /^representations(_\d+)?$/.test(name);
  if (node.requires && node.variableUsages?.some(isTaken)) throw new Unsupported('variable');
}
