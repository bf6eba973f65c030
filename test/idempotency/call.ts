import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** Every mutation of the graph, as the composed schema has them. */
export function mutationsOf(schema: GraphQLSchema): readonly GraphQLField<unknown, unknown>[] {
  return Object.values(schema.getMutationType()?.getFields() ?? {});
}

/** A document that calls a mutation with variables named like its arguments and asks for all plain fields of the answer. */
export function documentOf(field: GraphQLField<unknown, unknown>): string {
  const declared = field.args.map((argument) => `$${argument.name}: ${argument.type}`).join(', ');
  const passed = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  return `mutation (${declared}) { ${field.name}(${passed}) ${selectionOf(field.type)} }`;
}

function selectionOf(type: GraphQLOutputType, depth = 2): string {
  const named = getNamedType(type);
  if (isLeafType(named) || !isObjectType(named)) return '';
  const fields = Object.values(named.getFields())
    .filter((field) => field.args.every((argument) => !isNonNullType(argument.type)))
    .flatMap((field) => {
      if (isLeafType(getNamedType(field.type))) return [field.name];
      const list = isListType(getNullableType(field.type)) && field.name !== 'userErrors';
      if (depth === 1 || list || !isObjectType(getNamedType(field.type))) return [];
      return [`${field.name} ${selectionOf(field.type, depth - 1)}`];
    });
  return `{ ${fields.join(' ')} }`;
}

/** The argument that carries the key, when the mutation takes one. */
export function keyedArgument(field: GraphQLField<unknown, unknown>): GraphQLArgument | undefined {
  return field.args.find(({ type }) => {
    const named = getNamedType(type);
    return isInputObjectType(named) && 'idempotencyKey' in named.getFields();
  });
}

/** Whether a call without a key is refused. Where the key was added later, calls without one have to go on working. */
export function wantsKey(field: GraphQLField<unknown, unknown>): boolean {
  const argument = keyedArgument(field);
  const named = argument && getNamedType(argument.type);
  return (
    isInputObjectType(named) && isNonNullType(argument?.type) && isNonNullType(named.getFields().idempotencyKey?.type)
  );
}

/** An optional member of the input, without a default, that the call leaves out. */
export function absentMember(argument: GraphQLArgument, input: object): string | undefined {
  const named = getNamedType(argument.type);
  if (!isInputObjectType(named)) return undefined;
  return Object.values(named.getFields()).find(
    ({ name, type, defaultValue }) =>
      !isNonNullType(type) && defaultValue === undefined && name !== 'idempotencyKey' && !(name in input),
  )?.name;
}

/** The same value once for each of its texts, with that text changed; those of the named member stay. */
export function withEachText(value: unknown, change: (text: string) => string, skipped: string): unknown[] {
  if (typeof value === 'string') return [change(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === skipped
      ? []
      : withEachText(member, change, skipped).map((changed) =>
          Array.isArray(value) ? value.with(Number(name), changed) : { ...value, [name]: changed },
        ),
  );
}

/** The same value, members in the opposite order at every depth. */
export function turnedRound(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turnedRound);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, turnedRound(member)]),
  );
}
