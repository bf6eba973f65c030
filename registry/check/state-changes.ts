import { Kind } from 'graphql';
import type { ComposedGraph } from '../api-schema.ts';
import type { StateMachines } from '../state-machines.ts';
import { type Finding, finding } from './finding.ts';

/** What became of the transition tables. Clients that branch on a state are those that read its enum. */
export function stateChanges(before: StateMachines, after: StateMachines): Finding[] {
  return Object.entries(before).flatMap(([machine, table]): Finding[] => {
    const now = after[machine];
    if (!now) return [removed('STATE_MACHINE_REMOVED', machine, '', `${machine} has no transition table any more.`)];
    const found: Finding[] = [];
    for (const [state, next] of Object.entries(table)) {
      const coordinate = `${machine}.${state}`;
      const follow = now[state];
      if (!follow) {
        found.push(removed('STATE_REMOVED', coordinate, '', `State ${coordinate} was removed from the transitions.`));
        continue;
      }
      for (const target of next)
        if (!follow.includes(target))
          found.push(
            removed(
              'TRANSITION_REMOVED',
              coordinate,
              target,
              `${machine} can no longer go from ${state} to ${target}.`,
            ),
          );
      for (const target of follow)
        if (!next.includes(target))
          found.push(added(coordinate, target, `${machine} can now go from ${state} to ${target}.`));
    }
    for (const state of Object.keys(now))
      if (!table[state]) found.push(added(`${machine}.${state}`, '', `State ${machine}.${state} was added.`));
    return found;
  });
}

/** New values of a state's enum that its table does not know: nothing can come into such a state by the rules, nor leave it. */
export function unknownStates(before: ComposedGraph, after: ComposedGraph, tables: StateMachines): Finding[] {
  return Object.entries(tables).flatMap(([machine, table]) => {
    const known = new Set([...Object.keys(table), ...enumValues(before, machine)]);
    return enumValues(after, machine)
      .filter((value) => !known.has(value))
      .map((value) =>
        finding({
          category: 'states',
          rule: 'STATE_WITHOUT_TRANSITIONS',
          severity: 'breaking',
          coordinate: `${machine}.${value}`,
          message: `The transition table of ${machine} does not know the new state ${value}.`,
          reason: 'Clients are promised a state of which nobody has said how it is reached or left.',
          advice: `Give ${value} its moves in the table, an empty list when it is an end, and name it where it is reached from.`,
        }),
      );
  });
}

function enumValues({ document }: ComposedGraph, name: string): string[] {
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === name
      ? (definition.values ?? []).map((value) => value.name.value)
      : [],
  );
}

const removed = (rule: string, coordinate: string, detail: string, message: string): Finding =>
  finding({
    category: 'states',
    rule,
    severity: 'breaking',
    coordinate,
    detail,
    message,
    reason: 'Objects that are in the state can be stuck, and clients wait for what does not come any more.',
    advice: 'Keep the move until nothing is in the state and no client waits for it.',
  });

const added = (coordinate: string, detail: string, message: string): Finding =>
  finding({
    category: 'states',
    rule: detail === '' ? 'STATE_ADDED' : 'TRANSITION_ADDED',
    severity: 'dangerous',
    coordinate,
    detail,
    message,
    reason: 'Clients may take an order of states for granted.',
    advice: 'Tell the clients below.',
  });
