import type { FetchNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import type { FetchOperation } from '../data-sources/fetch-operation.ts';
import { fetchOperation } from '../data-sources/fetch-operation.ts';
import type { SubgraphAnswer } from '../data-sources/subgraph-answer.ts';
import { applyRewrites } from './apollo-parts.ts';
import { askSource } from './ask-source.ts';
import { fetchedNames } from './fetched-names.ts';
import { copyOf, mergeInto } from './merge.ts';
import { type AskFor, compileRepresentations } from './representations.ts';
import type { Entity, Run, Step } from './run.ts';
import { withoutNumber } from './shared-requests.ts';
import { answerError } from './subgraph-errors.ts';
import { pathsAt, type TargetPath, targetsAt } from './targets.ts';
import { assertOwnName, Unsupported } from './unsupported.ts';

export interface FetchOptions {
  readonly supergraph: GraphQLSchema;
  /** Whether another fetch of the plan may make the same request: then both get one answer. */
  readonly mayShare: boolean;
}

/** A fetch with everything decided that does not depend on a request. */
interface Fetch {
  readonly node: FetchNode;
  readonly path: TargetPath;
  readonly operation: FetchOperation;
  readonly names: readonly string[];
  readonly supergraph: GraphQLSchema;
  send(run: Run, variables: Entity, entities: number | null): Promise<SubgraphAnswer>;
}

/** @throws Unsupported */
export function compileFetch(node: FetchNode, path: TargetPath, options: FetchOptions): Step {
  if (node.contextRewrites?.length) throw new Unsupported('context');
  if (node.requires && node.variableUsages?.includes('representations')) throw new Unsupported('variable');
  const { text, name } = withoutNumber(node);
  const operation = fetchOperation(text, name);
  const { names, hasLeavesOnly } = fetchedNames(text, node.requires !== undefined);
  const renamed = (node.outputRewrites ?? []).flatMap((each) => (each.kind === 'KeyRenamer' ? [each.renameKeyTo] : []));
  for (const each of renamed) assertOwnName(each);
  const send: Fetch['send'] = options.mayShare
    ? sendOnce(node.serviceName, operation, hasLeavesOnly && renamed.length === 0)
    : (run, variables, entities) => askSource(run, node.serviceName, { operation, variables, entities });
  const fetch = { node, path, operation, names: [...names, ...renamed], supergraph: options.supergraph, send };
  const fetched = node.requires
    ? entityFetch(fetch, compileRepresentations(node.requires, node.inputRewrites, options.supergraph))
    : rootFetch(fetch);
  return async (run) => {
    // A path that leads nowhere because of what a subgraph sent is a failure of the whole plan, as in @apollo/gateway.
    const targets = targetsAt(run.data, path);
    if (targets.length === 0) return;
    try {
      await fetched(run, targets);
    } catch (error) {
      run.isComplete = false;
      run.errors.push(error instanceof Error ? error : new Error('not an error'));
    }
  };
}

type OnTargets = (run: Run, targets: readonly Entity[]) => Promise<void>;

function rootFetch(fetch: Fetch): OnTargets {
  const { node, names, path, supergraph } = fetch;
  return async (run, targets) => {
    const { data, errors } = await fetch.send(run, variablesOf(node, run), null);
    for (const error of errors ?? []) {
      run.errors.push(answerError(error, node.serviceName, error.path && [...path, ...error.path]));
    }
    if (!data) {
      run.isComplete = false;
      return;
    }
    applyRewrites(supergraph, node.outputRewrites, data);
    for (const target of targets) mergeInto(target, data, names);
  };
}

function entityFetch(fetch: Fetch, askFor: AskFor): OnTargets {
  const { node, names, path } = fetch;
  const rewritten = rewriting(fetch);
  return async (run, targets) => {
    const { representations, places } = askFor(targets);
    if (places.includes(-1)) run.isComplete = false;
    if (representations.length === 0) return;
    const variables = { ...variablesOf(node, run), representations };
    const { data, errors } = await fetch.send(run, variables, representations.length);
    if (errors) {
      const paths = pathsAt(run.data, path);
      for (const error of errors) {
        const [, index, ...rest] = error.path ?? [];
        // Of an entity in many places the first is named: a page of one article would otherwise repeat the error on every line.
        const at = typeof index === 'number' ? [...(paths[places.indexOf(index)] ?? []), ...rest] : undefined;
        run.errors.push(answerError(error, node.serviceName, at ?? (error.path && [...path, ...error.path])));
      }
    }
    if (!data) {
      run.isComplete = false;
      return;
    }
    const entities = entitiesOf(data, representations.length);
    targets.forEach((target, index) => {
      const entity = entities[places[index] ?? -1];
      if (entity) mergeInto(target, rewritten(entity, target), names);
      else run.isComplete = false;
    });
  };
}

/** Entities in the order they were asked for. */
function entitiesOf(data: Entity, count: number): readonly (Entity | null)[] {
  const entities = data._entities;
  if (!Array.isArray(entities)) throw new Error('Expected "data._entities" in response to be an array');
  if (entities.length !== count) throw new Error(`Expected "data._entities" to contain ${count} elements`);
  return entities;
}

/** Two targets of one entity may have different types, and rewrites look at these: each gets what is rewritten for it. */
function rewriting({ node: { outputRewrites }, supergraph }: Fetch): (entity: Entity, target: Entity) => Entity {
  if (!outputRewrites?.length) return (entity) => entity;
  return (entity, target) => {
    const own = copyOf(entity) as Entity;
    own.__typename ||= target.__typename;
    applyRewrites(supergraph, outputRewrites, own);
    return own;
  };
}

/** The client's variables that the fetch uses, as the client sent them. */
function variablesOf({ variableUsages }: FetchNode, { variables }: Run): Entity {
  const used: Entity = {};
  for (const name of variableUsages ?? []) {
    if (Object.hasOwn(variables, name) && variables[name] !== undefined) used[name] = variables[name];
  }
  return used;
}

/** Sends equal requests of one run once. What is shared is merged into nothing: each asker gets a copy of its own. */
function sendOnce(subgraph: string, operation: FetchOperation, isNeverChanged: boolean): Fetch['send'] {
  return async (run, variables, entities) => {
    const key = `${subgraph} ${operation.bodyHead}${JSON.stringify(variables)}`;
    let asked = run.shared.get(key);
    if (!asked) {
      asked = askSource(run, subgraph, { operation, variables, entities });
      run.shared.set(key, asked);
    }
    const answer = await asked;
    // Leaves are taken out of the answer one by one: there is nothing in it that a merge could change.
    return isNeverChanged ? answer : { ...answer, data: copyOf(answer.data) as Entity | null };
  };
}
