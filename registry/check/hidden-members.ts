import {
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { type Finding, finding } from './finding.ts';

/**
 * Values that a contract's clients cannot be shown: the graph may give an object whose type the contract hides, or an
 * enum value that it hides. The field becomes null; in a list or a non-null field, everything around it does, and no
 * client can see why.
 * @param whole API schema of the whole graph
 */
export function hiddenMembers(path: string, contract: GraphQLSchema, whole: GraphQLSchema): Finding[] {
  return fieldsOf(contract).flatMap(({ owner, field }): Finding[] => {
    const type = getNamedType(field.type);
    const spreads = isListType(isNonNullType(field.type) ? field.type.ofType : field.type) || isNonNullType(field.type);
    const full = whole.getType(type.name);
    let hidden: string[] = [];
    if (isAbstractType(type) && isAbstractType(full)) {
      const shown = new Set(contract.getPossibleTypes(type).map(({ name }) => name));
      hidden = whole
        .getPossibleTypes(full)
        .map(({ name }) => name)
        .filter((name) => !shown.has(name));
    } else if (isEnumType(type) && isEnumType(full)) {
      hidden = full
        .getValues()
        .map(({ name }) => name)
        .filter((name) => !type.getValue(name));
    }
    if (hidden.length === 0 || !spreads) return [];
    const coordinate = `${owner}.${field.name}`;
    return [
      finding({
        category: 'contract',
        rule: 'HIDDEN_MEMBER',
        severity: isEnumType(type) ? 'dangerous' : 'breaking',
        coordinate,
        detail: `${path} ${hidden.join(' ')}`,
        message: `${coordinate} (${field.type}) can hold ${hidden.join(', ')}, which ${path} hides.`,
        reason:
          'One such value makes the whole list or object null for clients of this contract, without an error that says why.',
        advice: `Give ${hidden.join(', ')} a tag of the contract, or make the field a single nullable value, or do not show it.`,
        contracts: [path],
      }),
    ];
  });
}

function fieldsOf(schema: GraphQLSchema): { owner: string; field: GraphQLField<unknown, unknown> }[] {
  return Object.values(schema.getTypeMap()).flatMap((type) =>
    (isObjectType(type) || isInterfaceType(type)) && !type.name.startsWith('__')
      ? Object.values(type.getFields()).map((field) => ({ owner: type.name, field }))
      : [],
  );
}
