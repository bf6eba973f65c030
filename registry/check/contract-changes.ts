import type { SchemaChange } from '../changes/change.ts';
import { compareSchemas } from '../changes/compare.ts';
import { CHANGE_RULES } from '../changes/rules.ts';
import type { Severity } from '../severity.ts';
import type { LiveContract } from './live-contract.ts';

/** A change as the clients of one contract version meet it. */
export interface ContractChange extends SchemaChange {
  readonly contract: LiveContract;
  readonly severity: Severity;
}

/** A kept version is frozen: it cannot show what its schema does not have, and the field that holds it becomes null. */
const UNKNOWN_TO_KEPT: ReadonlySet<string> = new Set(['ENUM_VALUE_ADDED', 'UNION_MEMBER_ADDED', 'INTERFACE_ADDED']);

/** What a change does to the clients of one contract version. */
export function contractChanges(contract: LiveContract): ContractChange[] {
  switch (contract.kind) {
    case 'current':
      return compareSchemas(contract.before, contract.after).map((change) => ({
        ...change,
        contract,
        severity: CHANGE_RULES[change.kind].severity,
      }));
    case 'opened': // Its clients move there by themselves, with the migration notes: nothing of theirs breaks.
      return compareSchemas(contract.before, contract.after).map((change) => ({
        ...change,
        contract,
        severity: CHANGE_RULES[change.kind].severity === 'safe' ? 'safe' : 'dangerous',
      }));
    case 'kept': {
      const known = new Set(keptChanges(contract, contract.wasServed).map(key));
      return keptChanges(contract, contract.after)
        .filter((change) => !known.has(key(change)))
        .map((change) => ({ ...change, contract, severity: 'breaking' }));
    }
  }
}

function keptChanges({ before }: LiveContract, served: LiveContract['wasServed']): SchemaChange[] {
  if (!served) return [];
  return compareSchemas(before, served).filter(
    ({ kind }) => CHANGE_RULES[kind].severity === 'breaking' || UNKNOWN_TO_KEPT.has(kind),
  );
}

const key = ({ kind, coordinate, detail }: SchemaChange): string => `${kind} ${coordinate} ${detail}`;
