import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  type GraphQLSchema,
  getNamedType,
  getVariableValues,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { loadSnapshot } from '../../gateway/load-snapshot.ts';
import { createLogger } from '../../platform/logger.ts';
import { projectFile } from '../../platform/paths.ts';
import { composeSupergraph } from '../../registry/compose.ts';
import { readContracts } from '../../registry/contracts.ts';
import { readSupergraphConfig } from '../../registry/supergraph-config.ts';
import { contractOperations } from '../helpers/contract-operations.ts';

const composition = composeSupergraph();
if (composition.kind === 'failed') throw new Error(composition.errors.join('\n'));
const served = loadSnapshot(composition.supergraphSdl, {
  contracts: readContracts(),
  dataSource: () => ({ process: async () => ({ data: null }) }),
  logger: createLogger({ level: 'silent', component: 'test' }),
}).contracts;

/** The schema that a channel sees. @throws Error when there is no such contract */
function schemaOf(contract: string): GraphQLSchema {
  const definition = readContracts().find(({ name }) => name === contract);
  const found = definition && served.get(definition.path);
  if (!found) throw new Error(`no contract ${contract}`);
  return found.schema;
}

const operations = contractOperations();

describe.each(operations.map((operation) => [`${operation.contract}/${operation.name}`, operation] as const))(
  '%s',
  (_, { contract, name, document }) => {
    it('asks only for what its own contract shows', () => {
      expect(validate(schemaOf(contract), parse(document)).map((error) => error.message)).toEqual([]);
    });

    it('takes the variables of its examples', () => {
      const schema = schemaOf(contract);
      const operation = parse(document).definitions.find(
        (each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION,
      );
      const file = projectFile('schema', 'operations', contract, `${name}.variables.json`);
      const examples = JSON.parse(readFileSync(file, 'utf8')) as { about: string; variables: object }[];
      expect(examples.length).toBeGreaterThan(0);
      for (const { variables } of examples) {
        const { errors } = getVariableValues(schema, operation?.variableDefinitions ?? [], { ...variables });
        expect(errors?.map((error) => error.message) ?? []).toEqual([]);
      }
    });
  },
);

it('has operations of every contract that the gateway serves', () => {
  expect(new Set(operations.map(({ contract }) => contract))).toEqual(new Set(readContracts().map(({ name }) => name)));
});

it('shows in a contract nothing that only another one may see', () => {
  const whole = schemaOf('operations').getTypeMap();
  expect(Object.keys(whole)).toContain('IntegrationException');
  for (const { name } of readContracts().filter((contract) => contract.name !== 'operations')) {
    const types = Object.keys(schemaOf(name).getTypeMap());
    expect(types).not.toContain('IntegrationException');
    expect(types.filter((type) => !(type in whole))).toEqual([]);
  }
  expect(Object.keys(schemaOf('warehouse').getTypeMap())).not.toContain('OrderTotals');
});

it('shows the warehouse of all money only what a refund amounts to, in what it asks for too', () => {
  const schema = schemaOf('warehouse');
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) && !type.name.startsWith('__')
      ? Object.values(type.getFields()).map((field) => ({
          at: `${type.name}.${field.name}`,
          of: String(getNamedType(field.type)),
        }))
      : [],
  );
  const isOf = (...types: string[]) => fields.filter(({ of }) => types.includes(of)).map(({ at }) => at);
  expect(isOf('Money', 'MoneyInput')).toEqual(['Refund.amount']);
  expect(isOf('Decimal', 'CurrencyCode')).toEqual(['Money.amount', 'Money.currencyCode']);
  expect(fields.map(({ at }) => at).filter((at) => at.startsWith('Refund.'))).toEqual([
    'Refund.id',
    'Refund.amount',
    'Refund.status',
    'Refund.creditMemoNumber',
  ]);
  expect(fields.map(({ at }) => at).filter((at) => /price|payment|total|tax|discount/i.test(at))).toEqual([]);
});

it('is composed of every folder of subgraphs, and of the events', () => {
  const folders = readdirSync(projectFile('subgraphs'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(
    readSupergraphConfig()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...folders.map(({ name }) => name), 'events'].sort());
});
