import { type FieldDefinitionNode, Kind, type TypeDefinitionNode } from 'graphql';
import { type Element, type ElementKind, isRequired, namedType } from '../schema-elements.ts';

/** An element of the composed graph, with what its rules need to know. */
export interface LintedElement {
  readonly coordinate: string;
  readonly element: Element;
  readonly kind: ElementKind;
  readonly type: TypeDefinitionNode;
  readonly types: ReadonlyMap<string, TypeDefinitionNode>;
}

export interface LintRule {
  readonly name: string;
  /** Why the house has the rule. */
  readonly reason: string;
  /** @returns what is wrong; null when nothing is */
  check(linted: LintedElement): string | null;
}

const CASES: Readonly<Record<ElementKind, { readonly pattern: RegExp; readonly name: string }>> = {
  type: { pattern: /^[A-Z][A-Za-z0-9]*$/, name: 'PascalCase' },
  outputField: { pattern: /^[a-z][A-Za-z0-9]*$/, name: 'camelCase' },
  inputField: { pattern: /^[a-z][A-Za-z0-9]*$/, name: 'camelCase' },
  argument: { pattern: /^[a-z][A-Za-z0-9]*$/, name: 'camelCase' },
  enumValue: { pattern: /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/, name: 'UPPER_CASE' },
};

const ROOTS: ReadonlySet<string> = new Set(['Query', 'Mutation', 'Subscription']);

export const LINT_RULES: readonly LintRule[] = [
  {
    name: 'DESCRIPTION_MISSING',
    reason: 'Clients read the description: unit, source, freshness, what null means.',
    check: ({ element, coordinate }) =>
      element.description || ROOTS.has(coordinate) ? null : `${coordinate} has no description.`,
  },
  {
    name: 'NAME_CASE',
    reason: 'Clients generate code from the names.',
    check: ({ element, kind, coordinate }) =>
      CASES[kind].pattern.test(element.name.value) ? null : `${coordinate} is not in ${CASES[kind].name}.`,
  },
  {
    name: 'NAME_WITH_VERB',
    reason: 'A field is a thing, not a call.',
    check: ({ element, kind, coordinate, type }) =>
      kind === 'outputField' && type.name.value !== 'Mutation' && /^(get|list|fetch|find)[A-Z]/.test(element.name.value)
        ? `${coordinate} begins with a verb: name what it is.`
        : null,
  },
  {
    name: 'MONEY_AS_NUMBER',
    reason: 'Floats lose cents, and Int is too small for minor units.',
    check: ({ element, coordinate }) =>
      'type' in element &&
      ['Float', 'Int'].includes(namedType(element.type)) &&
      /(price|amount|total|cost|fee)$/i.test(element.name.value)
        ? `${coordinate} is money as ${namedType(element.type)}: use Money.`
        : null,
  },
  {
    name: 'DEPRECATION_WITHOUT_DATE',
    reason: 'Clients plan by the date, and need to know what to use.',
    check: ({ element, coordinate }) => {
      const reason = element.directives?.find(({ name }) => name.value === 'deprecated')?.arguments?.[0]?.value;
      const has = element.directives?.some(({ name }) => name.value === 'deprecated');
      if (
        !has ||
        (reason?.kind === Kind.STRING &&
          /\d{4}-\d{2}-\d{2}/.test(reason.value) &&
          /\buse\b|\bnothing\b/i.test(reason.value))
      )
        return null;
      return `${coordinate} is deprecated without saying what replaces it and when it goes, such as "Use stock. Removal on 2027-11-30."`;
    },
  },
  {
    name: 'MUTATION_PAYLOAD',
    reason: 'What can go wrong is data: each mutation has its own payload with userErrors.',
    check: ({ element, coordinate, type, types }) => {
      if (type.name.value !== 'Mutation' || element.kind !== Kind.FIELD_DEFINITION) return null;
      const expected = `${element.name.value.charAt(0).toUpperCase()}${element.name.value.slice(1)}Payload`;
      const payload = types.get(namedType(element.type));
      const fields = payload?.kind === Kind.OBJECT_TYPE_DEFINITION ? (payload.fields ?? []) : [];
      if (payload?.name.value !== expected)
        return `${coordinate} returns ${namedType(element.type)}: return ${expected}.`;
      return fields.some(({ name }) => name.value === 'userErrors') ? null : `${expected} has no userErrors.`;
    },
  },
  {
    name: 'REQUIRES_WITH_ARGUMENTS',
    reason:
      'The planner fetches such a field once for two aliases with different arguments: one of them gets the wrong value.',
    check: ({ element, coordinate }) =>
      element.kind === Kind.FIELD_DEFINITION && (element.arguments ?? []).length > 0 && requires(element)
        ? `${coordinate} has arguments and @requires.`
        : null,
  },
  {
    name: 'REQUIRED_INPUT_LIST_ITEM',
    reason: 'A list of nullable items makes every reader ask what a null in it means.',
    check: ({ element, kind, coordinate }) =>
      (kind === 'argument' || kind === 'inputField') &&
      'type' in element &&
      element.kind === Kind.INPUT_VALUE_DEFINITION &&
      takesNullItems(element.type)
        ? `${coordinate} takes a list with nulls${isRequired(element) ? ' although it is required' : ''}: write [T!].`
        : null,
  },
];

function requires(field: FieldDefinitionNode): boolean {
  return (field.directives ?? []).some(
    ({ name, arguments: given }) =>
      name.value === 'join__field' && given?.some((argument) => argument.name.value === 'requires'),
  );
}

function takesNullItems(type: FieldDefinitionNode['type']): boolean {
  if (type.kind === Kind.NON_NULL_TYPE) return takesNullItems(type.type);
  return type.kind === Kind.LIST_TYPE && type.type.kind !== Kind.NON_NULL_TYPE;
}
