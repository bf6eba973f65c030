import fc from 'fast-check';
import {
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isNonNullType,
} from 'graphql';

export interface GeneratedOperation {
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Response names that lead astray: keys of entities, and what every object has. */
const EVIL = [
  'id',
  'code',
  'size',
  'count',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'length',
  'name',
];
const VARIABLES = {
  $yes: 'Boolean = true',
  $no: 'Boolean!',
  $maybe: 'Boolean!',
  $n: 'Int = 2',
  $id: 'ID!',
};

/** Operations on a schema, most of them valid; the caller leaves out the others. */
export function operations(schema: GraphQLSchema): fc.Arbitrary<GeneratedOperation> {
  return fc.gen().map((generate) => new Generator(schema, (most) => generate(fc.nat, most)).operation());
}

class Generator {
  readonly #schema: GraphQLSchema;
  /** An integer from 0 to `most`. */
  readonly #draw: (most: number) => number;
  readonly #fragments: string[] = [];
  #left = 40;
  #isTwin = false;

  constructor(schema: GraphQLSchema, draw: (most: number) => number) {
    this.#schema = schema;
    this.#draw = draw;
  }

  operation(): GeneratedOperation {
    const isMutation = this.#chance(8);
    const root = (isMutation ? this.#schema.getMutationType() : this.#schema.getQueryType()) as GraphQLObjectType;
    const body = [`{ ${this.#selections(root, 0)} }`, ...this.#fragments].join('\n');
    const used = Object.entries(VARIABLES).filter(([name]) => new RegExp(`\\${name}\\b`).test(body));
    const declared = used.length > 0 ? `(${used.map(([name, type]) => `${name}: ${type}`).join(', ')})` : '';
    const text = `${isMutation ? 'mutation' : 'query'} Op${declared} ${body}`;
    const variables = {
      no: this.#chance(2),
      maybe: this.#chance(2),
      id: this.#of(['1', '2']),
      ...(this.#chance(3) ? { yes: this.#of([true, false]) } : {}),
      ...(this.#chance(30) ? { yes: null } : {}),
      ...(this.#chance(3) ? { n: this.#of([0, 1, null]) } : {}),
    };
    return { text, variables };
  }

  #selections(type: GraphQLCompositeType, depth: number): string {
    // Entities of different types in one list are asked for by one fetch.
    if (isAbstractType(type) && depth < 5 && this.#chance(4))
      return this.#related(type)
        .map((each) => `... on ${each.name} { ${this.#selections(each, depth + 2)} }`)
        .join(' ');
    const count = 1 + this.#draw(depth < 2 ? 4 : 2);
    const parts = Array.from({ length: count }, () => this.#selection(type, depth));
    const some = parts.filter((part) => part !== '');
    return some.length > 0 ? some.join(' ') : '__typename';
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    this.#left -= 1;
    if (this.#chance(9)) return `${this.#of(['', 'kind: ', 'type: '])}__typename${this.#directives()}`;
    if (this.#chance(isAbstractType(type) ? 2 : 7)) return this.#fragment(type, depth);
    const fields: GraphQLField<unknown, unknown>[] = 'getFields' in type ? Object.values(type.getFields()) : [];
    if (fields.length === 0) return this.#fragment(type, depth);
    return this.#field(this.#of(fields), depth);
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const type = getNamedType(field.type);
    const isDeep = isCompositeType(type);
    if (isDeep && (depth > 5 || this.#left < 0)) return '';
    if (isDeep && depth < 3 && !this.#isTwin && this.#chance(10)) return this.#twins(field, depth);
    const args = field.args.flatMap((arg) => {
      if (!isNonNullType(arg.type) && this.#chance(2)) return [];
      const name = getNamedType(arg.type).name;
      const values: Record<string, string[]> = { ID: ['$id', '"2"'], Int: ['$n', '1', '3'], String: ['"a"', 'null'] };
      return [`${arg.name}: ${this.#of(values[name] ?? ['null'])}`];
    });
    const given = args.length > 0 ? `(${args.join(', ')})` : '';
    const alias = this.#alias(field.name, given);
    const below = isDeep ? ` { ${this.#selections(type, depth + 1)} }` : '';
    return `${alias}${field.name}${given}${this.#directives()}${below}`;
  }

  /**
   * The same field twice, with the same names in it but for other arguments: what is asked of entities is the same at both
   * places, and what is in them is not.
   */
  #twins(field: GraphQLField<unknown, unknown>, depth: number): string {
    this.#isTwin = true;
    const one = this.#field(field, depth);
    this.#isTwin = false;
    const at = one.indexOf('{');
    if (at < 0) return one;
    const named = (name: string) => one.slice(0, at).replace(/^(?:\w+: )?/, `${name}: `);
    const other = one
      .slice(at)
      .replace(/\b(first|by): (?:\$n|1)/g, '$1: 3')
      .replace(/\bto: "a"/g, 'to: "b"');
    return `${named('one')}${one.slice(at)} ${named('other')}${other}`;
  }

  /** A field with arguments gets a name of its own for each, or most operations would not be valid. */
  #alias(name: string, given: string): string {
    if (this.#chance(80)) return `${this.#of(EVIL)}: `;
    if (given && this.#isTwin) return `${name}_twin: `;
    if (given) return `${name}_${given.replace(/\W+/g, '_')}: `;
    return this.#chance(6) ? `${name}_b: ` : '';
  }

  #fragment(type: GraphQLCompositeType, depth: number): string {
    const narrowed = this.#of([type, ...this.#related(type)]);
    const body = this.#selections(narrowed, depth + 1);
    const isPlain = narrowed === type && this.#chance(3);
    if (!this.#chance(3)) return `...${isPlain ? '' : ` on ${narrowed.name}`}${this.#directives()} { ${body} }`;
    const name = `f${this.#fragments.length}`;
    this.#fragments.push(`fragment ${name} on ${narrowed.name} { ${body} }`);
    const spread = `...${name}${this.#directives()}`;
    return this.#chance(3) ? `${spread} ...${name}` : spread;
  }

  /** Types that an object of this type may also have. */
  #related(type: GraphQLCompositeType): GraphQLCompositeType[] {
    if (isAbstractType(type)) return [...this.#schema.getPossibleTypes(type)];
    return 'getInterfaces' in type ? [...type.getInterfaces()] : [];
  }

  #directives(): string {
    if (!this.#chance(7)) return '';
    return this.#of([
      ' @include(if: $yes)',
      ' @skip(if: $no)',
      ' @include(if: $maybe)',
      ' @skip(if: $no) @include(if: $maybe)',
      ' @skip(if: true)',
      ' @include(if: true)',
    ]);
  }

  /** True once in so many. */
  #chance(often: number): boolean {
    return this.#draw(often - 1) === often - 1;
  }

  #of<T>(list: readonly T[]): T {
    return list[this.#draw(list.length - 1)] as T;
  }
}
