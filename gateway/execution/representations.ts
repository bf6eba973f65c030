import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { type GraphQLSchema, isAbstractType } from 'graphql';
import { applyRewrites, deepMerge, isObjectOfType } from './apollo-parts.ts';
import { fieldOf, generate } from './generate.ts';
import type { Entity } from './run.ts';

/** How the entities of one type are named to a subgraph. */
interface Maker {
  /** The fields besides `__typename`, all of them leaves: their values tell entities of the type apart. Null when it takes more. */
  readonly keys: readonly string[] | null;
  /** @returns null when the entity lacks a field that the subgraph needs */
  make(entity: Entity): Entity | null;
}

/** The entities that one fetch asks for, each once. */
export interface AskedEntities {
  readonly representations: Entity[];
  /** For each list, and in it for each target, the place of its entity in `representations`; -1 when it cannot be asked for. */
  readonly places: number[][];
}

/** Turns lists of targets into what a subgraph is asked for. */
export type AskFor = (lists: readonly (readonly Entity[])[]) => AskedEntities;

const NOT_ASKED: Maker = { keys: null, make: () => null };
/** Types that the generated code knows; a fetch for an interface of more looks the others up. */
const MAX_KNOWN_TYPES = 8;

/** Compiles the `requires` of a fetch. */
export function compileRepresentations(
  requires: readonly QueryPlanSelectionNode[],
  inputRewrites: FetchNode['inputRewrites'],
  schema: GraphQLSchema,
): AskFor {
  const general: Maker = {
    keys: null,
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
  const known = inputRewrites?.length ? [] : typesOf(requires, schema);
  const isKnown = new Set<unknown>(known);
  const placeAll = compilePlaces(known.map((type) => ({ type, keys: makerOf(type).keys ?? [] })));
  return (lists) => {
    const representations: Entity[] = [];
    const byText = new Map<string, number>();
    const add = (entity: Entity): number => {
      const maker = makerOf(entity.__typename);
      const representation = maker.make(entity);
      if (!representation) return -1;
      const [key, ...others] = maker.keys ?? [];
      // Met by the generated code if it comes again.
      if (key !== undefined && others.length === 0 && isKnown.has(entity.__typename) && isPlain(entity[key]))
        return representations.push(representation) - 1;
      const text = JSON.stringify(representation);
      const place = byText.get(text) ?? representations.push(representation) - 1;
      byText.set(text, place);
      return place;
    };
    const seen = known.map(() => new Map<unknown, number>());
    return { representations, places: lists.map((list) => placeAll(list, { representations, seen, add })) };
  };
}

/** Places of all targets of a list. */
type PlaceAll = (targets: readonly Entity[], asked: PlacesSoFar) => number[];

interface PlacesSoFar {
  readonly representations: readonly Entity[];
  /** For each known type, the place that was found last for a value of its first key. */
  readonly seen: readonly Map<unknown, number>[];
  /** Finds the place of one that is not met there. */
  readonly add: (entity: Entity) => number;
}

/** Generates the walk over a list: an entity that is met again costs the look at its keys. */
function compilePlaces(known: readonly { readonly type: string; readonly keys: readonly string[] }[]): PlaceAll {
  const cases = known.flatMap(({ type, keys: [first, ...others] }, index) => {
    if (first === undefined) return [];
    const differ = others.map((key) => `${fieldOf('r', key)}!==${fieldOf('o', key)}`).join('||');
    const again = differ === '' ? '' : `if(p!==undefined){const r=asked.representations[p];if(${differ})p=undefined;}`;
    const look = `let p=seen.get(key);${again}`;
    const found = `if(p===undefined){p=asked.add(o);if(p>=0)seen.set(key,p);}places[i]=p;continue;`;
    return [
      `case ${JSON.stringify(type)}:{const key=${fieldOf('o', first)};if(isPlain(key)){const seen=asked.seen[${index}];${look}${found}}break;}`,
    ];
  });
  const loop = `for(let i=0;i<targets.length;i++){const o=targets[i];switch(o.__typename){${cases.join('')}}places[i]=asked.add(o);}`;
  return generate<PlaceAll>(
    { isPlain },
    `return function places(targets,asked){const places=new Array(targets.length);${loop}return places;}`,
  );
}

/** Whether a value tells entities apart by itself. */
function isPlain(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null);
}

/** The object types that a fetch asks for. */
function typesOf(requires: readonly QueryPlanSelectionNode[], schema: GraphQLSchema): string[] {
  const names = new Set<string>();
  for (const selection of requires) {
    const type = selection.kind === 'InlineFragment' ? schema.getType(selection.typeCondition ?? '') : undefined;
    if (isAbstractType(type)) for (const { name } of schema.getPossibleTypes(type)) names.add(name);
    else if (type) names.add(type.name);
  }
  return [...names].slice(0, MAX_KNOWN_TYPES);
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
    keys,
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
