import type { FetchNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { copyOf } from '../data-sources/copy-of.ts';
import type { SubgraphAnswer, SubgraphError } from '../data-sources/subgraph-answer.ts';
import { applyRewrites } from './apollo-parts.ts';
import { fetchedNames, renamedKeys } from './fetched-names.ts';
import { compileMerge, type Merge } from './merge.ts';
import { compileRepresentations } from './representations.ts';
import type { Entity, Run } from './run.ts';
import { answerError } from './subgraph-errors.ts';
import { compileTargets, type FindTargets, pathsAt, type TargetPath } from './targets.ts';

/** One path of the fetch: its objects, and for each the place of its entity in `representations`; -1 for none. */
interface Place {
  readonly path: TargetPath;
  readonly targets: readonly Entity[];
  readonly places: readonly number[];
}

interface Failed {
  readonly errors: readonly SubgraphError[];
  /** Entities that were asked for. */
  readonly count: number;
  readonly isNothing: boolean;
}

/** The entities that one run asks for, each once. */
export interface AskedEntities {
  readonly representations: readonly Entity[];
  readonly at: readonly Place[];
}

/** A fetch that adds to entities, at one place of the answer or at several, with all decided that no request changes. */
export class EntityFetch {
  readonly node: FetchNode;
  /** Whether it brings leaves only, which no merge could change. */
  readonly isNeverChanged: boolean;
  readonly #paths: readonly TargetPath[];
  readonly #targetsIn: readonly FindTargets[];
  readonly #merge: Merge;
  readonly #askFor: ReturnType<typeof compileRepresentations>;
  readonly #supergraph: GraphQLSchema;

  /**
   * @param node with `requires`
   * @throws Unsupported
   */
  constructor(node: FetchNode, paths: readonly TargetPath[], supergraph: GraphQLSchema) {
    const { names, hasLeavesOnly } = fetchedNames(node.operation, true);
    const renamed = renamedKeys(node);
    this.node = node;
    this.isNeverChanged = hasLeavesOnly && renamed.length === 0;
    this.#paths = paths;
    this.#targetsIn = paths.map(compileTargets);
    this.#merge = compileMerge([...names, ...renamed]);
    this.#askFor = compileRepresentations(node.requires ?? [], node.inputRewrites, supergraph);
    this.#supergraph = supergraph;
  }

  /**
   * @returns null when there is nobody to ask for
   * @throws Error when a path leads nowhere because of what a subgraph sent
   */
  ask(run: Run): AskedEntities | null {
    const found = this.#targetsIn.map((targetsIn) => targetsIn(run.data));
    const { representations, places } = this.#askFor(found);
    if (places.some((each) => each.includes(-1))) run.isComplete = false;
    if (representations.length === 0) return null;
    const at = found.map((targets, index) => ({
      path: this.#paths[index] ?? [],
      targets,
      places: places[index] ?? [],
    }));
    return { representations, at };
  }

  /**
   * Merges what came into the objects that it was asked for.
   * @throws Error when it is not the entities that were asked for
   */
  take(run: Run, { at, representations }: AskedEntities, { data, errors }: SubgraphAnswer): void {
    const failed = { errors: errors ?? [], count: representations.length, isNothing: !data };
    if (errors) for (const place of at) this.#tell(run, place, failed);
    if (!data) {
      run.isComplete = false;
      return;
    }
    const entities = entitiesOf(data, representations.length);
    const ofPaths = this.isNeverChanged ? at.map(() => entities) : entitiesOfPaths(entities, at);
    const rewrites = (this.node.outputRewrites?.length ?? 0) > 0;
    for (const [path, { targets, places }] of at.entries()) {
      const own = ofPaths[path] ?? [];
      // Indexed: there may be hundreds of them, and a few hundred requests a second.
      for (let index = 0; index < targets.length; index++) {
        const target = targets[index];
        const entity = own[places[index] ?? -1];
        if (!target || !entity) run.isComplete = false;
        else this.#merge(target, rewrites ? this.#rewritten(entity, target) : entity);
      }
    }
  }

  /** Adds the errors that concern entities of a place, with their paths in the answer. */
  #tell(run: Run, { path, places }: Place, { errors, count, isNothing }: Failed): void {
    if (places.every((place) => place < 0)) return;
    const paths = pathsAt(run.data, path);
    for (const error of errors) {
      const [, index, ...rest] = error.path ?? [];
      if (typeof index !== 'number') {
        run.errors.push(answerError(error, this.node.serviceName, error.path && [...path, ...error.path]));
        continue;
      }
      // Of an entity in many places of a list the first is named: a page of one article would otherwise repeat it on every line.
      let target = places.indexOf(index);
      if (target < 0 && index < count) {
        // It is an entity of another place. But when nothing came at all, the first stands for all of them.
        if (!isNothing) continue;
        target = places.findIndex((place) => place >= 0);
      }
      run.errors.push(answerError(error, this.node.serviceName, [...(paths[target] ?? []), ...rest]));
    }
  }

  /** Two targets of one entity may have different types, and rewrites look at these: each gets what is rewritten for it. */
  #rewritten(entity: Entity, target: Entity): Entity {
    const own = copyOf(entity) as Entity;
    own.__typename ||= target.__typename;
    applyRewrites(this.#supergraph, this.node.outputRewrites, own);
    return own;
  }
}

/** Entities in the order they were asked for. */
function entitiesOf(data: Entity, count: number): readonly (Entity | null)[] {
  const entities = data._entities;
  if (!Array.isArray(entities)) throw new Error('Expected "data._entities" in response to be an array');
  if (entities.length !== count) throw new Error(`Expected "data._entities" to contain ${count} elements`);
  return entities;
}

/**
 * Gives each path objects of its own. Everyone at one path is brought the same by later fetches; at another path these may
 * ask for other things under the same names.
 */
function entitiesOfPaths(
  entities: readonly (Entity | null)[],
  at: readonly Place[],
): readonly (readonly (Entity | null | undefined)[])[] {
  const given = new Set<number>();
  return at.map(({ places }) => {
    const asked = new Set(places);
    const own = entities.map((entity, place) =>
      asked.has(place) && given.has(place) ? (copyOf(entity) as Entity | null) : entity,
    );
    for (const place of asked) given.add(place);
    return own;
  });
}
