import {
  type GraphQLEnumType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';
import type { SchemaChange } from './change.ts';
import { ARGUMENT, compareInputs, INPUT_FIELD } from './compare-inputs.ts';
import { compareNotes } from './compare-notes.ts';
import { outputTypes } from './output-types.ts';
import type { ChangeKind } from './rules.ts';
import { relateTypes } from './type-relation.ts';

type Composite = GraphQLObjectType | GraphQLInterfaceType;

/**
 * Every difference between two API schemas, in the order of the first. Each has its meaning in `CHANGE_RULES`.
 * A type that is gone or new is one change; its parts are not listed.
 */
export function compareSchemas(before: GraphQLSchema, after: GraphQLSchema): SchemaChange[] {
  return [...compareTypes(before, after), ...compareDirectives(before, after)];
}

function* compareTypes(before: GraphQLSchema, after: GraphQLSchema): Generator<SchemaChange> {
  const outputs = outputTypes(before);
  for (const type of ownTypes(before)) {
    const now = after.getType(type.name);
    if (!now) yield one('TYPE_REMOVED', type.name, `Type ${type.name} was removed.`);
    else yield* compareType(type, now, outputs);
  }
  for (const type of ownTypes(after)) {
    if (before.getType(type.name)) continue;
    yield one('TYPE_ADDED', type.name, `Type ${type.name} was added.`);
    // To clients of an interface, a new type that has it is a new kind of answer.
    const returned = isObjectType(type) ? type.getInterfaces().filter(({ name }) => outputs.has(name)) : [];
    for (const { name } of returned)
      yield one('INTERFACE_ADDED', type.name, `${type.name} was added to the types of interface ${name}.`, name);
  }
}

function* compareType(before: GraphQLNamedType, after: GraphQLNamedType, outputs: ReadonlySet<string>) {
  const { name } = before;
  if (isObjectType(before) && isObjectType(after)) yield* compareComposite(before, after);
  else if (isInterfaceType(before) && isInterfaceType(after)) yield* compareComposite(before, after);
  else if (isEnumType(before) && isEnumType(after)) yield* compareEnum(before, after, outputs.has(name));
  else if (isUnionType(before) && isUnionType(after)) {
    const names = [before, after].map((union) => union.getTypes().map((member) => member.name));
    yield* compareNames(
      names[0] ?? [],
      names[1] ?? [],
      name,
      'UNION_MEMBER_REMOVED',
      'UNION_MEMBER_ADDED',
      `union ${name}`,
    );
  } else if (isInputObjectType(before) && isInputObjectType(after)) {
    const parts = [before, after].map((input) => Object.values(input.getFields()));
    yield* compareInputs(INPUT_FIELD, parts[0] ?? [], parts[1] ?? [], (field) => `${name}.${field}`);
    if (after.isOneOf && !before.isOneOf)
      yield one('INPUT_BECAME_ONE_OF', name, `Input type ${name} now takes exactly one of its fields.`);
  } else if (before.constructor !== after.constructor) {
    yield one('TYPE_KIND_CHANGED', name, `${name} is no longer the kind of type that it was.`);
    return;
  }
  yield* compareNotes(before, after, name);
}

function* compareComposite(before: Composite, after: Composite): Generator<SchemaChange> {
  const { name } = before;
  const names = [before, after].map((type) => type.getInterfaces().map((parent) => parent.name));
  yield* compareNames(
    names[0] ?? [],
    names[1] ?? [],
    name,
    'INTERFACE_REMOVED',
    'INTERFACE_ADDED',
    `the interfaces of ${name}`,
  );
  const now = after.getFields();
  for (const field of Object.values(before.getFields())) {
    const coordinate = `${name}.${field.name}`;
    const same = now[field.name];
    if (!same) {
      yield one('FIELD_REMOVED', coordinate, `Field ${coordinate} was removed.`);
      continue;
    }
    const types = `${field.type} → ${same.type}`;
    const relation = relateTypes(field.type, same.type);
    if (relation === 'different')
      yield one(
        'FIELD_TYPE_CHANGED',
        coordinate,
        `Field ${coordinate} changed its type from ${field.type} to ${same.type}.`,
        types,
      );
    if (relation === 'looser')
      yield one(
        'FIELD_BECAME_NULLABLE',
        coordinate,
        `Field ${coordinate} can now be null: ${field.type} is now ${same.type}.`,
        types,
      );
    if (relation === 'stricter')
      yield one(
        'FIELD_BECAME_NON_NULL',
        coordinate,
        `Field ${coordinate} is no longer null: ${field.type} is now ${same.type}.`,
        types,
      );
    yield* compareInputs(ARGUMENT, field.args, same.args, (argument) => `${coordinate}(${argument}:)`);
    yield* compareNotes(field, same, coordinate);
  }
  for (const field of Object.values(now))
    if (!before.getFields()[field.name])
      yield one(
        'FIELD_ADDED',
        `${name}.${field.name}`,
        `Field ${name}.${field.name} of type ${field.type} was added.`,
        String(field.type),
      );
}

function* compareEnum(before: GraphQLEnumType, after: GraphQLEnumType, isOutput: boolean): Generator<SchemaChange> {
  const { name } = before;
  for (const value of before.getValues()) {
    const coordinate = `${name}.${value.name}`;
    const now = after.getValue(value.name);
    if (now) yield* compareNotes(value, now, coordinate);
    else yield one('ENUM_VALUE_REMOVED', coordinate, `Enum value ${coordinate} was removed.`);
  }
  for (const value of after.getValues())
    if (!before.getValue(value.name)) {
      const kind = isOutput ? 'ENUM_VALUE_ADDED' : 'INPUT_ENUM_VALUE_ADDED';
      yield one(kind, `${name}.${value.name}`, `Enum value ${name}.${value.name} was added.`);
    }
}

function* compareNames(
  before: readonly string[],
  after: readonly string[],
  coordinate: string,
  removed: ChangeKind,
  added: ChangeKind,
  place: string,
): Generator<SchemaChange> {
  for (const name of before)
    if (!after.includes(name)) yield one(removed, coordinate, `${name} was removed from ${place}.`, name);
  for (const name of after)
    if (!before.includes(name)) yield one(added, coordinate, `${name} was added to ${place}.`, name);
}

function* compareDirectives(before: GraphQLSchema, after: GraphQLSchema): Generator<SchemaChange> {
  const names = [before, after].map((schema) =>
    schema.getDirectives().flatMap((directive) => (isSpecifiedDirective(directive) ? [] : [directive.name])),
  );
  for (const name of names[0] ?? [])
    if (!names[1]?.includes(name)) yield one('DIRECTIVE_REMOVED', `@${name}`, `Directive @${name} was removed.`);
  for (const name of names[1] ?? [])
    if (!names[0]?.includes(name)) yield one('DIRECTIVE_ADDED', `@${name}`, `Directive @${name} was added.`);
}

function ownTypes(schema: GraphQLSchema): GraphQLNamedType[] {
  return Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
}

const one = (kind: ChangeKind, coordinate: string, message: string, detail = ''): SchemaChange => ({
  kind,
  coordinate,
  message,
  detail,
});
