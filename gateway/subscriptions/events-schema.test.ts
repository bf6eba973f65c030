import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { Kind, type ObjectTypeDefinitionNode, parse } from 'graphql';
import { eventContracts } from '../../events/contracts/index.ts';
import { projectFile } from '../../platform/paths.ts';
import { watchedFields } from './watched/index.ts';

const document = parse(readFileSync(projectFile('schema', 'events.graphql'), 'utf8'));
const types = document.definitions.filter(
  (each): each is ObjectTypeDefinitionNode => each.kind === Kind.OBJECT_TYPE_DEFINITION,
);

it('delivers every field of Subscription, and no other', () => {
  const fields = types.find((type) => type.name.value === 'Subscription')?.fields ?? [];
  expect(fields.map((field) => field.name.value).sort()).toEqual([...watchedFields.keys()].sort());
});

it('gives every field `after`, optional', () => {
  for (const field of types.find((type) => type.name.value === 'Subscription')?.fields ?? []) {
    const after = field.arguments?.find((argument) => argument.name.value === 'after');
    expect(after?.type).toMatchObject({ kind: Kind.NAMED_TYPE, name: { value: 'String' } });
  }
});

it.each([
  ['OrderStatus', eventContracts['order-status-changed.v1'].schema.shape.status],
  ['ShipmentStatus', eventContracts['shipment-status-changed.v1'].schema.shape.status],
])('knows every %s that an event can carry', (name, status) => {
  const found = document.definitions.find(
    (each) => each.kind === Kind.ENUM_TYPE_DEFINITION && each.name.value === name,
  );
  const values = found?.kind === Kind.ENUM_TYPE_DEFINITION ? found.values?.map((value) => value.name.value) : [];
  expect(values).toEqual([...status.options]);
});

it('describes every type, field, argument and value', () => {
  const undescribed: string[] = [];
  for (const each of document.definitions) {
    if (!('name' in each) || !each.name) continue;
    const name = each.name.value;
    if (!('description' in each && each.description) && name !== 'Subscription') undescribed.push(name);
    const members = 'fields' in each ? (each.fields ?? []) : 'values' in each ? (each.values ?? []) : [];
    for (const member of members) {
      if (!member.description) undescribed.push(`${name}.${member.name.value}`);
      for (const argument of 'arguments' in member ? (member.arguments ?? []) : []) {
        if (!argument.description) undescribed.push(`${name}.${member.name.value}(${argument.name.value}:)`);
      }
    }
  }
  expect(undescribed).toEqual([]);
});
