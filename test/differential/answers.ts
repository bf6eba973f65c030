import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
} from 'graphql';
import { chanceOf, pick } from './chance.ts';
import { SUBGRAPHS } from './graph.ts';

/** What subgraphs say in one world. Everything follows from the seed and from what is asked: two executors meet the same. */
export interface World {
  readonly seed: number;
  /** Shares from 0 to 1: nulls and errors of resolvers, values that break the schema, requests that fail as a whole. */
  readonly nulls: number;
  readonly errors: number;
  readonly invalid: number;
  readonly failures: number;
  /** Types are right, and change nothing else: for a plan that asks for more of them than the one it is compared with. */
  readonly hasRightTypes?: boolean;
}

type Tree = Record<string, unknown>;

const parsed = new Map<string, DocumentNode>();

/** The answer of a subgraph to one request, as JSON has it. @throws when the subgraph "cannot be reached" */
export async function answerOf(world: World, subgraph: string, text: string, variables: Tree): Promise<unknown> {
  // Compiled plans ask for entities in one request where others send several: all of them fail, or none.
  const names = [...text.matchAll(/\b(_entities(?:_\d+)?)[:(]/g)].flatMap(([, name]) => name ?? []);
  const asked = names.length > 0 ? `${subgraph} entities` : `${subgraph} ${JSON.stringify(variables)}`;
  if (chanceOf(`${world.seed} request ${asked}`) < world.failures) {
    const parts = names.filter((name) => name !== '_entities');
    return failure(world, asked, parts.length > 0 ? parts : ['_entities']);
  }
  const document = parsed.get(text) ?? parse(text);
  parsed.set(text, document);
  const schema = SUBGRAPHS.get(subgraph) as GraphQLSchema;
  const result = await execute({
    schema,
    document,
    variableValues: variables,
    fieldResolver: resolver(world),
    typeResolver: (value) => (value as Tree).__typename as string,
  });
  const answer = JSON.parse(JSON.stringify(result)) as { data?: Tree };
  if (!answer.data) return answer;
  if (names.length === 0) answer.data = broken(world, answer.data, true) as Tree;
  for (const name of names)
    breakEntities(world, answer.data[name], variables[name.replace('_entities', 'representations')]);
  return answer;
}

/** @param names response names of the entities that were asked for */
function failure(world: World, asked: string, names: readonly string[]): unknown {
  const error = { message: 'it fails', extensions: { code: 'SYSTEM_TIMEOUT' } };
  const at = (...rest: unknown[]) => names.map((name) => ({ ...error, path: [name, ...rest] }));
  return pick<() => unknown>(
    [
      () => ({ errors: [error] }),
      () => ({ data: null, errors: [...at(0, 'name'), { message: '' }] }),
      () => ({ data: null, errors: at(99, 'name') }),
      () => ({ data: null, errors: [...at(), { ...error, path: [] }] }),
      () => ({ data: Object.fromEntries(names.map((name) => [name, []])) }),
      () => ({ data: null }),
      () => 'nonsense',
      () => {
        throw new Error('unreachable');
      },
    ],
    chanceOf(`${world.seed} how ${asked}`),
  )();
}

/** Makes up a value for any field. An entity is known by what it was asked by, so that different requests differ. */
function resolver(world: World): GraphQLFieldResolver<Tree, unknown> {
  return (source, args, _, info) => {
    const parent = info.parentType.name;
    const given = source?.[info.fieldName];
    if (given !== undefined && parent !== 'Query' && parent !== 'Mutation') return given;
    const place = `${world.seed} ${parent} ${JSON.stringify(source ?? null)} ${info.fieldName} ${JSON.stringify(args)}`;
    if (chanceOf(`${place} error`) < world.errors) {
      throw new GraphQLError('no value', { extensions: { code: 'SYSTEM_TIMEOUT', place: info.fieldName } });
    }
    return made(world, info.schema, info.returnType, place);
  };
}

function made(world: World, schema: GraphQLSchema, type: GraphQLOutputType, place: string): unknown {
  if (isNonNullType(type)) return made({ ...world, nulls: 0 }, schema, type.ofType, place);
  if (chanceOf(`${place} null`) < world.nulls) return null;
  if (isListType(type)) {
    const length = Math.floor(chanceOf(`${place} length`) * 4);
    return Array.from({ length }, (__, index) => made(world, schema, type.ofType, `${place} ${index}`));
  }
  const chance = chanceOf(place);
  if (isObjectType(type)) return { __typename: type.name, id: pick(['1', '2', '3', 'x"y'], chance) };
  if (isAbstractType(type)) return made(world, schema, pick(schema.getPossibleTypes(type), chance), place);
  if (isEnumType(type)) return pick(type.getValues(), chance).value;
  switch (type.name) {
    case 'Int':
      return pick([0, -1, 7, 2147483647, 42], chance);
    case 'Float':
      return pick([0.5, -3, 1e21, 0.1, 12], chance);
    case 'Boolean':
      return chance < 0.5;
    case 'ID':
      return pick(['1', '2', '3'], chance);
    case 'Json':
      return pick<unknown>([{ a: [1, null], __proto__x: 'b' }, [], 'text', 0, true, { constructor: 'c' }], chance);
    default:
      return pick(
        ['plain', 'with "quotes" \\ and\nlines', '', '\u2028 ünïcode 🛒', 'x'.repeat(60), 'lone \ud800'],
        chance,
      );
  }
}

/** Breaks the promises of the schema here and there, by what an object holds: in equal answers the same. */
function broken(world: World, value: unknown, isRoot = false): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => broken(world, item));
  const text = JSON.stringify(value, (name, held) => (name === '__typename' ? undefined : held));
  for (const [name, field] of Object.entries(value)) {
    const place = `${world.seed} ${text} ${name}`;
    const isKept = name === '__typename' && world.hasRightTypes === true;
    const isSafe = isKept || chanceOf(`${place} broken`) >= world.invalid;
    (value as Tree)[name] = isSafe
      ? broken(world, field)
      : brokenField(value as Tree, name, chanceOf(`${place} how`), isRoot);
  }
  return value;
}

/**
 * The same for entities, by what each is: fetches that run side by side and bring the same field agree about it, whichever
 * comes last. Their type stays: a fetch that begins meanwhile would see one type or the other by chance.
 */
function breakEntities(world: World, entities: unknown, representations: unknown): void {
  if (!Array.isArray(entities) || !Array.isArray(representations)) return;
  for (const [index, entity] of entities.entries()) {
    const { __typename: type, id, code } = representations[index] as Tree;
    for (const [name, field] of Object.entries((entity ?? {}) as Tree)) {
      const place = `${world.seed} ${JSON.stringify([type, id ?? code])} ${name}`;
      const isSafe = name === '__typename' || chanceOf(`${place} broken`) >= world.invalid;
      entity[name] = isSafe ? broken(world, field) : brokenField(entity, name, chanceOf(`${place} how`), false);
    }
  }
}

function brokenField(object: Tree, name: string, chance: number, isRoot: boolean): unknown {
  const value = object[name];
  if (name === '__typename')
    return pick<unknown>([undefined, 'Nonsense', 'Item', 'Film', 'Secret', null, 7, ''], chance);
  if (isRoot || Array.isArray(value)) return pick<unknown>([null, [], [null], undefined, 'no list', 5], chance);
  if (typeof value === 'object') return pick<unknown>([null, undefined, {}, 3, 'no object', []], chance);
  return pick<unknown>([null, undefined, 3e9, 1.5, 'INFRARED', '12', true, {}, ['a'], -0], chance);
}
