import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isLeafType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { argumentWeight, type Variables, withDefaults } from './argument-values.ts';
import type { CostRules } from './cost-rules.ts';
import { type ListBound, listBound } from './list-bound.ts';

export type { Variables } from './argument-values.ts';

/** The price of one operation of one contract, in points. */
export interface OperationCost {
  /**
   * What the operation may cost at most by what is known before it runs: every list as long as it was asked for, every
   * `@include` taken, values that a variable leaves open assumed.
   */
  requested(variables: Variables): number;
  /** What it did cost, by the lists and objects of its answer. A field that answered null was asked all the same. */
  actual(data: unknown, variables: Variables): number;
  /** The largest `first` or `last` that is asked for. */
  largestList(variables: Variables): number;
  /** The smallest one: negative is no size. */
  smallestList(variables: Variables): number;
}

/** Points of each mutation: a change is a transaction, or a call to a system of record. */
const MUTATION_POINTS = 10;
/** Points of `__schema` and `__type`: large answers, and nothing that a client asks for twice. */
const INTROSPECTION_POINTS = 100;

type Sizes = ReadonlyMap<string, number> | null;

/** What a selection costs for one object that it is applied to. */
interface Price {
  /** @param sizes of the lists among the object's fields, by field name, when its parent said so */
  requested(variables: Variables, sizes: Sizes): number;
  actual(object: Readonly<Record<string, unknown>>, variables: Variables): number;
}

export interface CostOptions {
  readonly rules: CostRules;
  readonly assumedListSize: number;
}

/** Prepares the price of an operation. Tolerates what validation will refuse: an unknown field is free. */
export function operationCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  options: CostOptions,
): OperationCost {
  const pricing = new Pricing(schema, document, options);
  const root = schema.getRootType(operation.operation);
  const price = root ? pricing.ofSelections(operation.selectionSet, root) : FREE;
  const complete = withDefaults(operation);
  const asked = (variables: Variables) => {
    const values = complete(variables);
    return pricing.bounds.map((bound) => bound.asked(values) ?? 0);
  };
  return {
    requested: (variables) => price.requested(complete(variables), null),
    actual: (data, variables) => (isObject(data) ? price.actual(data, complete(variables)) : 0),
    largestList: (variables) => Math.max(0, ...asked(variables)),
    smallestList: (variables) => Math.min(0, ...asked(variables)),
  };
}

const FREE: Price = { requested: () => 0, actual: () => 0 };

class Pricing {
  readonly bounds: ListBound[] = [];
  readonly #schema: GraphQLSchema;
  readonly #options: CostOptions;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #fragmentPrices = new Map<string, Price>();

  constructor(schema: GraphQLSchema, document: DocumentNode, options: CostOptions) {
    this.#schema = schema;
    this.#options = options;
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  ofSelections(set: SelectionSetNode, type: GraphQLOutputType): Price {
    const prices = set.selections.flatMap((selection): Price[] => {
      if (selection.kind === Kind.FIELD) return this.#ofField(selection, type);
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [this.#ofFragment(selection.name.value)];
      const condition = selection.typeCondition?.name.value;
      const narrowed = condition === undefined ? type : this.#schema.getType(condition);
      return isCompositeType(narrowed) ? [this.ofSelections(selection.selectionSet, narrowed)] : [];
    });
    const [only] = prices;
    if (only && prices.length === 1) return only;
    return {
      requested: (variables, sizes) => prices.reduce((sum, price) => sum + price.requested(variables, sizes), 0),
      actual: (object, variables) => prices.reduce((sum, price) => sum + price.actual(object, variables), 0),
    };
  }

  #ofFragment(name: string): Price {
    const known = this.#fragmentPrices.get(name);
    if (known) return known;
    const fragment = this.#fragments.get(name);
    const type = fragment && this.#schema.getType(fragment.typeCondition.name.value);
    if (!fragment || !isCompositeType(type)) return FREE;
    this.#fragmentPrices.set(name, FREE); // circles were refused before; one would end here
    const price = this.ofSelections(fragment.selectionSet, type);
    this.#fragmentPrices.set(name, price);
    return price;
  }

  #ofField(node: FieldNode, parent: GraphQLOutputType): Price[] {
    const name = node.name.value;
    const key = node.alias?.value ?? name;
    if (name === '__schema' || name === '__type') {
      return [flat(key, INTROSPECTION_POINTS)];
    }
    const field = 'getFields' in parent ? (parent.getFields() as FieldMap)[name] : undefined;
    if (!field) return [];
    const { rules, assumedListSize } = this.#options;
    const coordinate = `${String(parent)}.${name}`;
    const type = getNamedType(field.type);
    const isMutation = parent === this.#schema.getMutationType();
    const own = rules.weights.get(coordinate) ?? (isMutation ? MUTATION_POINTS : 0);
    const each = rules.weights.get(type.name) ?? (isLeafType(type) ? 0 : 1);
    const args = argumentWeight(field, node);
    const isList = isListType(getNullableType(field.type));
    const bound = listBound(field, node, rules.listSizes.get(coordinate) ?? null, assumedListSize);
    if (bound.slices) this.bounds.push(bound);
    const sub = node.selectionSet && isCompositeType(type) ? this.ofSelections(node.selectionSet, type) : FREE;
    if (own === 0 && each === 0 && args === null && sub === FREE) return [];
    return [
      {
        requested: (variables, sizes) => {
          const size = isList ? (sizes?.get(name) ?? bound.size(variables)) : 1;
          const passed = bound.sizedFields.length > 0 ? sized(bound.sizedFields, bound.size(variables)) : null;
          return own + (args?.(variables) ?? 0) + size * (each + sub.requested(variables, passed));
        },
        actual: (object, variables) => {
          if (!Object.hasOwn(object, key)) return 0; // a fragment of another type, or left out by a directive
          const found = values(object[key], each, (value) => sub.actual(value, variables));
          return own + (args?.(variables) ?? 0) + found;
        },
      },
    ];
  }
}

type FieldMap = Readonly<Record<string, GraphQLField<unknown, unknown>>>;

function flat(key: string, points: number): Price {
  return { requested: () => points, actual: (object) => (Object.hasOwn(object, key) ? points : 0) };
}

function sized(fields: readonly string[], size: number): ReadonlyMap<string, number> {
  return new Map(fields.map((field) => [field, size]));
}

/**
 * Sums over one value or all of a list, at any nesting. What was looked for and not found costs what an object costs
 * that nothing was asked of: guessing must not be cheaper than knowing.
 */
function values(value: unknown, each: number, below: (object: Readonly<Record<string, unknown>>) => number): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + values(item, each, below), 0);
  return each + (isObject(value) ? below(value) : 0);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
