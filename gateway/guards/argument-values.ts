import {
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  getNamedType,
  isInputObjectType,
  type OperationDefinitionNode,
  valueFromASTUntyped,
} from 'graphql';

export type Variables = Readonly<Record<string, unknown>>;

/** @returns the variables of a request with the defaults that the operation declares for those that are not given */
export function withDefaults(operation: OperationDefinitionNode): (variables: Variables) => Variables {
  const defaults: Record<string, unknown> = {};
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue) defaults[variable.name.value] = valueFromASTUntyped(defaultValue);
  }
  return (variables) => ({ ...defaults, ...variables });
}

/**
 * The value that an argument will have. Read without coercion: it is wanted before the request is validated.
 * @param variables with their defaults
 * @returns undefined when it is not given and has no default
 */
export function argumentValue(argument: GraphQLArgument, node: FieldNode, variables: Variables): unknown {
  const given = node.arguments?.find(({ name }) => name.value === argument.name);
  const value = given && valueFromASTUntyped(given.value, variables as Record<string, unknown>);
  return value === undefined ? argument.defaultValue : value;
}

/**
 * Points of what the arguments bring in: one for each object of an input list, such as the lines of an order, beyond the
 * first. Without it a thousand lines would cost what one does.
 *
 * @returns null when the field's arguments hold no objects
 */
export function argumentWeight(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): ((variables: Variables) => number) | null {
  const holders = field.args.filter(({ type }) => isInputObjectType(getNamedType(type)));
  const given = (node.arguments ?? []).filter(({ name }) => holders.some((holder) => holder.name === name.value));
  if (given.length === 0) return null;
  return (variables) => {
    let points = 0;
    for (const { value } of given)
      points += objectsIn(valueFromASTUntyped(value, variables as Record<string, unknown>));
    return points;
  };
}

/** Objects inside lists, at any depth. Values are bounded in depth before they are looked at. */
function objectsIn(value: unknown): number {
  if (Array.isArray(value)) {
    return value.reduce(
      (sum: number, item) => sum + (typeof item === 'object' && item !== null ? 1 : 0) + objectsIn(item),
      0,
    );
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + objectsIn(item), 0);
}
