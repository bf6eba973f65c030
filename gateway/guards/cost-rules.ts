import { type ConstDirectiveNode, type DocumentNode, Kind, valueFromASTUntyped } from 'graphql';

/** What a schema says about the size of a list. @see https://ibm.github.io/graphql-specs/cost-spec.html */
export interface ListSize {
  readonly assumedSize: number | null;
  /** Arguments that say how many. */
  readonly slicingArguments: readonly string[];
  /** Fields of the returned object that hold the list. Empty: the field itself is the list. */
  readonly sizedFields: readonly string[];
}

/** `@cost` and `@listSize` of a supergraph. Contracts hide fields, not what these cost: one set of rules serves them all. */
export interface CostRules {
  /** Points of a field (`Type.field`) or of each value of a type (`Type`). */
  readonly weights: ReadonlyMap<string, number>;
  /** By `Type.field`. */
  readonly listSizes: ReadonlyMap<string, ListSize>;
}

const COST_SPECIFICATION = /^https:\/\/specs\.apollo\.dev\/cost\//;

/** Reads the rules under whatever names the supergraph has imported them. */
export function readCostRules(supergraph: DocumentNode): CostRules {
  const names = directiveNames(supergraph);
  const weights = new Map<string, number>();
  const listSizes = new Map<string, ListSize>();
  const read = (coordinate: string, directives: readonly ConstDirectiveNode[] = []) => {
    for (const directive of directives) {
      const args = argumentsOf(directive);
      if (directive.name.value === names.cost && typeof args.weight === 'number') weights.set(coordinate, args.weight);
      if (directive.name.value === names.listSize) listSizes.set(coordinate, listSizeOf(args));
    }
  };
  for (const definition of supergraph.definitions) {
    if (!('name' in definition) || !definition.name) continue;
    const type = definition.name.value;
    if ('directives' in definition) read(type, definition.directives as readonly ConstDirectiveNode[]);
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const field of definition.fields ?? []) read(`${type}.${field.name.value}`, field.directives);
  }
  return { weights, listSizes };
}

/** `@link(url:, as:, import:)` gives a directive its name in this document. */
function directiveNames(supergraph: DocumentNode): { cost: string; listSize: string } {
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const directive of definition.directives ?? []) {
      const { url, as = 'cost', import: imported = [] } = argumentsOf(directive);
      if (directive.name.value !== 'link' || typeof url !== 'string' || !COST_SPECIFICATION.test(url)) continue;
      const named = (name: string) => {
        for (const entry of imported as readonly unknown[]) {
          if (entry === `@${name}`) return name;
          const renamed = entry as { name?: unknown; as?: unknown };
          if (renamed?.name === `@${name}`) return String(renamed.as ?? renamed.name).slice(1);
        }
        // A specification may own a directive of its own name; any other is behind a prefix.
        return name === 'cost' ? String(as) : `${String(as)}__${name}`;
      };
      return { cost: named('cost'), listSize: named('listSize') };
    }
  }
  return { cost: 'cost', listSize: 'listSize' };
}

function listSizeOf(args: Readonly<Record<string, unknown>>): ListSize {
  const texts = (value: unknown) => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []);
  return {
    assumedSize: typeof args.assumedSize === 'number' ? args.assumedSize : null,
    slicingArguments: texts(args.slicingArguments),
    sizedFields: texts(args.sizedFields),
  };
}

function argumentsOf(directive: ConstDirectiveNode): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    (directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]),
  );
}
