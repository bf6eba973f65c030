import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type DocumentNode, Kind, parse, print, validate, visit } from 'graphql';
import type { World } from './answers.ts';
import type { Executors, Outcome } from './executors.ts';
import { KNOWN } from './known.ts';
import { type GeneratedOperation, operations } from './operations.ts';

/** Worlds that each operation is run in: one where all is well, and worse ones. */
const WORLDS: readonly Omit<World, 'seed'>[] = [
  { nulls: 0.1, errors: 0, invalid: 0, failures: 0 },
  { nulls: 0.2, errors: 0.1, invalid: 0, failures: 0 },
  { nulls: 0.1, errors: 0.03, invalid: 0, failures: 0.25 },
  { nulls: 0.1, errors: 0.02, invalid: 0.03, failures: 0.05 },
];

/** Seeds that each operation of known.ts is run with: a fault shows where chance made two things equal or a list long. */
const KNOWN_SEEDS = 5;

export interface Comparison {
  /** Operations that were valid, and so compared in every world. */
  compared: number;
  invalid: number;
  /** Runs in which an error was in another place of a list; see isSame. Rare, or the places of ours are wrong. */
  misplaced: number;
  /** Runs in which @apollo/gateway lost fields for want of a type that nobody asked for; see withoutLosses. */
  lost: number;
}

/**
 * Runs operations of known.ts and generated ones through compiled plans and through @apollo/gateway.
 * @param options `shrink` makes an operation that differs as short as it can be, which takes minutes
 * @throws Error with the operation, its variables, the world and what differs
 */
export async function compareAll(
  executors: Executors,
  options: { runs: number; seed: number; shrink?: boolean },
): Promise<Comparison> {
  const counted: Comparison = { compared: 0, invalid: 0, misplaced: 0, lost: 0 };
  for (const contract of ['all', 'public']) {
    const schema = executors.schemaOf(contract);
    const check = async (operation: GeneratedOperation, seed: number) => {
      const document = parse(operation.text);
      if (validate(schema, document).length > 0) {
        counted.invalid += 1;
        return;
      }
      counted.compared += 1;
      for (const world of WORLDS) {
        const found = await compare(executors, contract, document, operation, { ...world, seed });
        if (found !== 'exact') counted[found] += 1;
      }
    };
    for (const operation of KNOWN)
      for (let seed = options.seed; seed < options.seed + KNOWN_SEEDS; seed++) await check(operation, seed);
    await fc.assert(fc.asyncProperty(operations(schema), fc.nat(), check), {
      numRuns: Math.ceil(options.runs / 2),
      seed: options.seed,
      endOnFailure: !options.shrink,
    });
  }
  return counted;
}

/**
 * @apollo/gateway counts places of entities without those that could not be asked for, and so points an error at another
 * entity. Ours points at the right one: such errors are compared without their places in lists.
 */
function isSame(part: keyof Outcome, ours: unknown, theirs: unknown): boolean {
  if (isDeepStrictEqual(ours, theirs)) return true;
  return part === 'errors' || part === 'answer' ? isDeepStrictEqual(withoutPlaces(ours), withoutPlaces(theirs)) : false;
}

function withoutPlaces(value: unknown): unknown {
  const texts = JSON.stringify(value, (key, item) =>
    key === 'path' && Array.isArray(item) ? item.filter((step) => typeof step === 'string') : item,
  );
  const { errors = [], ...rest } = Array.isArray(value) ? { errors: JSON.parse(texts) } : JSON.parse(texts);
  return { ...rest, errors: errors.map((error: unknown) => JSON.stringify(error)).sort() };
}

/** @returns what was other than exactly the same, and is known */
async function compare(
  executors: Executors,
  contract: string,
  document: DocumentNode,
  operation: GeneratedOperation,
  world: World,
): Promise<'exact' | 'misplaced' | 'lost'> {
  const ours = await executors.run('compiled', contract, document, operation, world);
  const theirs = await executors.run('apollo', contract, document, operation, world);
  // A subgraph that leaves out fields breaks its own schema; what that costs is not worth a second look at the data.
  const isLawful = world.invalid === 0 && world.failures === 0;
  const parts = (Object.keys(theirs) as (keyof Outcome)[]).filter((part) => part !== 'cost' || isLawful);
  const different = parts.filter((part) => !isSame(part, ours[part], theirs[part]));
  if (different.length === 0) return isDeepStrictEqual(ours.errors, theirs.errors) ? 'exact' : 'misplaced';
  const full = await withoutLosses(executors, contract, document, operation, world);
  const isLoss = (part: keyof Outcome) =>
    (part === 'data' || part === 'answer') && isSame(part, ours[part], asIn(ours[part], full[part]));
  if (different.every(isLoss)) return 'lost';
  const told = different.map(
    (part) => `${part}\n  compiled ${JSON.stringify(ours[part])}\n  apollo   ${JSON.stringify(theirs[part])}`,
  );
  throw new Error(
    `contract ${contract}, world ${JSON.stringify(world)}\n${operation.text}\n${JSON.stringify(operation.variables)}\n${told.join('\n')}`,
  );
}

/**
 * @apollo/gateway leaves out what stands under a condition on an abstract type when the plan asked for no `__typename`
 * there, because the value's type follows from the field: `{ lastBook { ... on Media { kind: __typename } } }` is answered
 * without `kind`. Asked for every type it answers in full.
 * @returns what it makes of the operation then
 */
async function withoutLosses(
  executors: Executors,
  contract: string,
  document: DocumentNode,
  operation: GeneratedOperation,
  world: World,
): Promise<Outcome> {
  const typed = visit(document, {
    SelectionSet: (set) => ({ ...set, selections: [TYPENAME, ...set.selections] }),
  });
  return await executors.run('apollo', contract, parse(print(typed)), operation, { ...world, hasRightTypes: true });
}

const TYPENAME = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } } as const;

/** The value without each `__typename` that `like` does not have. */
function asIn(like: unknown, value: unknown): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => asIn(Array.isArray(like) ? like[index] : undefined, item));
  if (typeof value !== 'object' || value === null) return value;
  const known = typeof like === 'object' && like !== null ? (like as Record<string, unknown>) : {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== '__typename' || name in known)
      .map(([name, item]) => [name, asIn(known[name], item)]),
  );
}
