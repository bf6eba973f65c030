import { type GraphQLSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import type { ContractChange } from './contract-changes.ts';
import type { NewFinding } from './finding.ts';

/**
 * A change of a contract without a change of the graph: a tag, or the contract's filter, hides or shows what is there.
 * @param whole API schemas of the whole graph, before and after
 * @returns what to say instead of "removed" and "added"; null when the graph itself changed
 */
export function tagChange(
  { kind, coordinate, severity }: ContractChange,
  contracts: readonly string[],
  [before, after]: readonly [GraphQLSchema, GraphQLSchema],
): Pick<NewFinding, 'rule' | 'severity' | 'message' | 'reason' | 'advice'> | null {
  const audience = contracts.map((path) => path.split('/')[0]).join(', ');
  if (kind.endsWith('_REMOVED') && coordinate.includes('.') && exists(after, coordinate))
    return {
      rule: 'HIDDEN_BY_TAG',
      severity,
      message: `${coordinate} is now hidden from ${audience}. The graph still has it: only a tag or the contract's filter changed.`,
      reason: 'To clients of the contract it is gone: documents that name it are refused.',
      advice: 'Give the tag back, or hide it in the next dated version only.',
    };
  if (kind === 'TYPE_REMOVED' && after.getType(coordinate))
    return {
      rule: 'HIDDEN_BY_TAG',
      severity,
      message: `Type ${coordinate} is now hidden from ${audience}. The graph still has it: only a tag or the contract's filter changed.`,
      reason: 'To clients of the contract it is gone: documents that name it are refused.',
      advice: 'Give the tag back, or hide it in the next dated version only.',
    };
  if (
    kind.endsWith('_ADDED') &&
    (coordinate.includes('.') ? exists(before, coordinate) : kind === 'TYPE_ADDED' && before.getType(coordinate))
  )
    return {
      rule: 'SHOWN_BY_TAG',
      severity: 'dangerous',
      message: `${coordinate} is now shown to ${audience}. It was in the graph before: only a tag or the contract's filter changed.`,
      reason: 'What a contract shows once, its clients may keep: is this data meant for them?',
      advice: 'Let the owner look at it.',
    };
  return null;
}

function exists(schema: GraphQLSchema, coordinate: string): boolean {
  const [, owner = '', member = '', argument] = /^(\w+)\.(\w+)(?:\((\w+):\))?$/.exec(coordinate) ?? [];
  const type = schema.getType(owner);
  if (isEnumType(type)) return type.getValue(member) !== undefined;
  if (isInputObjectType(type)) return member in type.getFields();
  if (!isObjectType(type) && !isInterfaceType(type)) return false;
  const field = type.getFields()[member];
  return field !== undefined && (argument === undefined || field.args.some(({ name }) => name === argument));
}
