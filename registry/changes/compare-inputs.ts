import { astFromValue, type GraphQLArgument, type GraphQLInputField, isRequiredInputField, print } from 'graphql';
import type { SchemaChange } from './change.ts';
import { compareNotes } from './compare-notes.ts';
import type { ChangeKind } from './rules.ts';
import { relateTypes } from './type-relation.ts';

type Value = GraphQLArgument | GraphQLInputField;

/** How changes of an argument and of an input field are called. */
interface Kinds {
  readonly word: string;
  readonly removed: ChangeKind;
  readonly requiredAdded: ChangeKind;
  readonly optionalAdded: ChangeKind;
  readonly typeChanged: ChangeKind;
  readonly becameRequired: ChangeKind;
  readonly becameOptional: ChangeKind;
  readonly defaultChanged: ChangeKind;
}

export const ARGUMENT: Kinds = {
  word: 'Argument',
  removed: 'ARGUMENT_REMOVED',
  requiredAdded: 'REQUIRED_ARGUMENT_ADDED',
  optionalAdded: 'OPTIONAL_ARGUMENT_ADDED',
  typeChanged: 'ARGUMENT_TYPE_CHANGED',
  becameRequired: 'ARGUMENT_BECAME_REQUIRED',
  becameOptional: 'ARGUMENT_BECAME_OPTIONAL',
  defaultChanged: 'ARGUMENT_DEFAULT_CHANGED',
};

export const INPUT_FIELD: Kinds = {
  word: 'Input field',
  removed: 'INPUT_FIELD_REMOVED',
  requiredAdded: 'REQUIRED_INPUT_FIELD_ADDED',
  optionalAdded: 'OPTIONAL_INPUT_FIELD_ADDED',
  typeChanged: 'INPUT_FIELD_TYPE_CHANGED',
  becameRequired: 'INPUT_FIELD_BECAME_REQUIRED',
  becameOptional: 'INPUT_FIELD_BECAME_OPTIONAL',
  defaultChanged: 'INPUT_FIELD_DEFAULT_CHANGED',
};

/** @param at gives the coordinate of a value from its name */
export function* compareInputs(
  kinds: Kinds,
  before: readonly Value[],
  after: readonly Value[],
  at: (name: string) => string,
): Generator<SchemaChange> {
  const was = new Map(before.map((value) => [value.name, value]));
  const is = new Map(after.map((value) => [value.name, value]));
  for (const value of before) {
    const coordinate = at(value.name);
    const now = is.get(value.name);
    if (now) yield* compareInput(kinds, value, now, coordinate);
    else yield { kind: kinds.removed, coordinate, message: `${kinds.word} ${coordinate} was removed.`, detail: '' };
  }
  for (const value of after) {
    if (was.has(value.name)) continue;
    const coordinate = at(value.name);
    const required = isRequiredInputField(value);
    yield {
      kind: required ? kinds.requiredAdded : kinds.optionalAdded,
      coordinate,
      message: `${required ? 'Required' : 'Optional'} ${kinds.word.toLowerCase()} ${coordinate} of type ${value.type} was added.`,
      detail: String(value.type),
    };
  }
}

function* compareInput(kinds: Kinds, before: Value, after: Value, coordinate: string): Generator<SchemaChange> {
  const types = `${before.type} → ${after.type}`;
  const change = (kind: ChangeKind, what: string, detail: string): SchemaChange => ({
    kind,
    coordinate,
    message: `${kinds.word} ${coordinate} ${what}.`,
    detail,
  });
  // A default makes a value optional whatever its type says, so both are looked at together.
  const relation = relateTypes(before.type, after.type);
  const wasRequired = isRequiredInputField(before);
  const isRequired = isRequiredInputField(after);
  if (relation === 'different')
    yield change(kinds.typeChanged, `changed its type from ${before.type} to ${after.type}`, types);
  else if (relation === 'stricter')
    yield isRequired && !wasRequired
      ? change(kinds.becameRequired, `became required: ${before.type} is now ${after.type}`, types)
      : change(kinds.typeChanged, `no longer takes null: ${before.type} is now ${after.type}`, types);
  else if (isRequired && !wasRequired)
    yield change(kinds.becameRequired, 'lost its default and became required', types);
  else if (relation === 'looser' || (wasRequired && !isRequired))
    yield change(kinds.becameOptional, 'became optional', types);
  const defaults = [defaultOf(before), defaultOf(after)] as const;
  if (defaults[0] !== defaults[1] && !wasRequired && !isRequired)
    yield change(
      kinds.defaultChanged,
      `changed its default from ${defaults[0] ?? 'none'} to ${defaults[1] ?? 'none'}`,
      `= ${defaults[0]} → ${defaults[1]}`,
    );
  yield* compareNotes(before, after, coordinate);
}

function defaultOf(value: Value): string | undefined {
  if (value.defaultValue === undefined) return undefined;
  const node = astFromValue(value.defaultValue, value.type);
  return node ? print(node) : undefined;
}
