import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { applyRewrites, deepMerge, isObjectOfType } from './apollo-parts.ts';
import type { Entity } from './run.ts';

/** How the entities of one type are named to a subgraph. */
interface Maker {
  /** The only field besides `__typename`: its value tells entities of the type apart. Null when it takes more. */
  readonly identity: string | null;
  /** @returns null when the entity lacks a field that the subgraph needs */
  make(entity: Entity): Entity | null;
}

/** The entities that one fetch asks for, each once. */
export interface AskedEntities {
  readonly representations: Entity[];
  /** For each target, the place of its entity in `representations`; -1 when it cannot be asked for. */
  readonly places: number[];
}

/** Turns targets into what a subgraph is asked for. */
export type AskFor = (targets: readonly Entity[]) => AskedEntities;

const NOT_ASKED: Maker = { identity: null, make: () => null };

/** Compiles the `requires` of a fetch. */
export function compileRepresentations(
  requires: readonly QueryPlanSelectionNode[],
  inputRewrites: FetchNode['inputRewrites'],
  schema: GraphQLSchema,
): AskFor {
  const general: Maker = {
    identity: null,
    make(entity) {
      const made = select(schema, entity, requires);
      if (!made?.__typename) return null;
      applyRewrites(schema, inputRewrites, made);
      return made;
    },
  };
  const byType = new Map<string, Maker>();
  const makerOf = (typename: unknown): Maker => {
    if (typeof typename !== 'string' || inputRewrites?.length) return general;
    const known = byType.get(typename);
    if (known) return known;
    const maker = flatMaker(requires, typename, schema) ?? general;
    // A subgraph may send any text as a type: only those of the schema are remembered.
    if (schema.getType(typename)) byType.set(typename, maker);
    return maker;
  };
  return (targets) => ask(targets, makerOf);
}

function ask(targets: readonly Entity[], makerOf: (typename: unknown) => Maker): AskedEntities {
  const representations: Entity[] = [];
  const byIdentity = new Map<Maker, Map<unknown, number>>();
  const byText = new Map<string, number>();
  const knownTo = (maker: Maker): Map<unknown, number> => {
    const known = byIdentity.get(maker) ?? new Map<unknown, number>();
    byIdentity.set(maker, known);
    return known;
  };
  // Most lists are of one type: its maker is looked up once.
  let type: unknown;
  let maker = makerOf(undefined);
  let known = knownTo(maker);
  const places = targets.map((entity) => {
    if (entity.__typename !== type) {
      type = entity.__typename;
      maker = makerOf(type);
      known = knownTo(maker);
    }
    const identity = maker.identity === null ? undefined : entity[maker.identity];
    const isPlain = identity !== undefined && (typeof identity !== 'object' || identity === null);
    const seen = isPlain ? known.get(identity) : undefined;
    if (seen !== undefined) return seen;
    const representation = maker.make(entity);
    if (!representation) return -1;
    if (isPlain) {
      known.set(identity, representations.length);
      return representations.push(representation) - 1;
    }
    const text = JSON.stringify(representation);
    const place = byText.get(text) ?? representations.push(representation) - 1;
    byText.set(text, place);
    return place;
  });
  return { representations, places };
}

/** For the usual case: one fragment fits the type, and has leaves only. */
function flatMaker(
  requires: readonly QueryPlanSelectionNode[],
  typename: string,
  schema: GraphQLSchema,
): Maker | undefined {
  if (requires.some(({ kind }) => kind === 'Field')) return undefined;
  const fitting = requires.filter(
    (selection) =>
      selection.kind === 'InlineFragment' &&
      selection.typeCondition !== undefined &&
      isObjectOfType(schema, { __typename: typename }, selection.typeCondition),
  );
  if (fitting.length === 0) return NOT_ASKED;
  const names = fitting.length === 1 ? leafNames(fitting[0]?.selections ?? []) : undefined;
  if (!names?.includes('__typename')) return undefined;
  const keys = names.filter((name) => name !== '__typename');
  return {
    identity: keys.length === 1 ? (keys[0] ?? null) : null,
    make(entity) {
      const made: Entity = {};
      for (const name of names) {
        const value = entity[name];
        if (value === undefined) return null;
        made[name] = value;
      }
      return made;
    },
  };
}

function leafNames(selections: readonly QueryPlanSelectionNode[]): string[] | undefined {
  const names: string[] = [];
  for (const selection of selections) {
    if (selection.kind !== 'Field' || selection.selections || selection.alias !== undefined) return undefined;
    names.push(selection.name);
  }
  return names;
}

/** The general case, as @apollo/gateway has it: a fragment that lacks a field is left out, and the others count. */
function select(schema: GraphQLSchema, source: unknown, selections: readonly QueryPlanSelectionNode[]): Entity | null {
  if (source === null || source === undefined) return null;
  const made: Entity = Object.create(null);
  for (const selection of selections) {
    if (selection.kind === 'Field') {
      const { selections: below } = selection;
      const name = selection.alias ?? selection.name;
      const value = Object.hasOwn(source, name) ? (source as Entity)[name] : undefined;
      if (value === undefined) return null;
      if (!below) made[name] = value;
      else
        made[name] = Array.isArray(value)
          ? value.map((item) => select(schema, item, below))
          : select(schema, value, below);
    } else if (selection.typeCondition && isObjectOfType(schema, source as Entity, selection.typeCondition)) {
      deepMerge(made, select(schema, source, selection.selections));
    }
  }
  return made;
}
