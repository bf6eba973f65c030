import { SEVERITIES } from '../severity.ts';
import type { ContractChange } from './contract-changes.ts';

/** The same change in several contracts: one thing happened, to several audiences. */
export interface GroupedChange {
  readonly change: ContractChange;
  /** Of each contract version that it concerns. */
  readonly all: readonly ContractChange[];
}

/** One group for each change and severity, worst first, in the order in which they were found. */
export function groupChanges(changes: readonly ContractChange[]): GroupedChange[] {
  const groups = new Map<string, ContractChange[]>();
  for (const change of changes) {
    const key = [change.severity, change.kind, change.coordinate, change.detail].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()]
    .flatMap((all) => (all[0] ? [{ change: all[0], all }] : []))
    .sort((a, b) => SEVERITIES.indexOf(a.change.severity) - SEVERITIES.indexOf(b.change.severity));
}
