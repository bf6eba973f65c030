import {
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  isScalarType,
} from 'graphql';
import { argumentValue, type Variables } from './argument-values.ts';
import type { ListSize } from './cost-rules.ts';

/** How long the list of one selected field may be. */
export interface ListBound {
  /** Whether arguments say how many. */
  readonly slices: boolean;
  /** The most that the arguments ask for; null when they ask for nothing. */
  asked(variables: Variables): number | null;
  size(variables: Variables): number;
  /** Fields of the returned object that are that long. */
  readonly sizedFields: readonly string[];
}

/** Page of a connection when neither `first` nor `last` is given: what platform/graphql/connection.ts serves. */
const DEFAULT_PAGE = 20;
const PAGE_ARGUMENTS = ['first', 'last'];
const PAGE_FIELDS = ['nodes', 'edges'];

/**
 * What `@listSize` says, or else what our schemas mean: a connection has the page it is asked for, a list that is looked
 * up by a list of keys has one value for each, any other list is as long as is assumed.
 */
export function listBound(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  rule: ListSize | null,
  assumedListSize: number,
): ListBound {
  const connectionFields = sizedFieldsOf(field.type);
  const slicingNames = rule?.slicingArguments.length ? rule.slicingArguments : PAGE_ARGUMENTS;
  const slicing = field.args.filter(({ name }) => slicingNames.includes(name));
  const asked = (variables: Variables) => {
    const sizes = slicing.flatMap((argument) => sizeOf(argumentValue(argument, node, variables)) ?? []);
    // Of two sizes the larger counts, but a negative one is not hidden by it.
    return sizes.length === 0 ? null : sizes.some((size) => size < 0) ? Math.min(...sizes) : Math.max(...sizes);
  };
  const keys = slicing.length > 0 ? [] : field.args.filter(({ type }) => isKeyList(type));
  const assumed = rule?.assumedSize ?? (slicing.length > 0 ? DEFAULT_PAGE : assumedListSize);
  return {
    slices: slicing.length > 0,
    sizedFields: rule?.sizedFields.length ? rule.sizedFields : slicing.length > 0 ? connectionFields : [],
    asked,
    size(variables) {
      const size = asked(variables);
      if (size !== null) return Math.max(size, 0);
      if (keys.length === 0 || rule?.assumedSize != null) return assumed;
      const lengths = keys.flatMap((argument) => {
        const value = argumentValue(argument, node, variables);
        return Array.isArray(value) ? [value.length] : [];
      });
      return lengths.length > 0 ? Math.max(...lengths) : assumed;
    },
  };
}

function sizedFieldsOf(type: GraphQLOutputType): readonly string[] {
  const named = getNamedType(type);
  if (!isObjectType(named) || isListType(getNullableType(type))) return [];
  const fields = named.getFields();
  return PAGE_FIELDS.filter((name) => isListType(fields[name] && getNullableType(fields[name].type)));
}

/** A list of ids or codes. One of enum values narrows a list, and says nothing of its length. */
function isKeyList(type: GraphQLInputType): boolean {
  return isListType(getNullableType(type)) && isScalarType(getNamedType(type));
}

function sizeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
