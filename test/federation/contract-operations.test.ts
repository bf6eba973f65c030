import { readdirSync, readFileSync } from 'node:fs';
import type { GraphQLDataSource } from '@apollo/gateway';
import type { FetchNode, PlanNode, SubscriptionNode } from '@apollo/query-planner';
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
import type { AnswerCache, CachedGraph } from '../../gateway/caching/answer-cache.ts';
import { answerPolicy } from '../../gateway/caching/answer-policy.ts';
import { TOLD } from '../../gateway/caching/changes.ts';
import { loadSnapshot } from '../../gateway/load-snapshot.ts';
import { createLogger } from '../../platform/logger.ts';
import { projectFile } from '../../platform/paths.ts';
import { composeSupergraph } from '../../registry/compose.ts';
import { readContracts } from '../../registry/contracts.ts';
import { readSupergraphConfig } from '../../registry/supergraph-config.ts';
import { contractOperations } from '../helpers/contract-operations.ts';

const composition = composeSupergraph();
if (composition.kind === 'failed') throw new Error(composition.errors.join('\n'));
let cached: CachedGraph | undefined;
const served = loadSnapshot(composition.supergraphSdl, {
  contracts: readContracts(),
  answerCache: {
    around: (source: GraphQLDataSource, _: string, graph: CachedGraph) => {
      cached = graph;
      return source;
    },
  } as unknown as AnswerCache,
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

function fetchesOf(node: PlanNode | SubscriptionNode | undefined): FetchNode[] {
  switch (node?.kind) {
    case 'Fetch':
      return [node];
    case 'Flatten':
      return fetchesOf(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesOf);
    case 'Condition':
      return [...fetchesOf(node.ifClause), ...fetchesOf(node.elseClause)];
    default:
      return [];
  }
}

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

it('keeps of what channels ask for the catalogue and what is for sale, and nothing of a person or an order', () => {
  const kept = new Set<string>();
  for (const { contract, name, document } of operations) {
    const snapshot = served.get(readContracts().find((each) => each.name === contract)?.path ?? '');
    const isQuery = /^\s*query/.test(document);
    if (!snapshot || !cached || !isQuery) continue;
    const { queryPlan } = snapshot.planOperation(parse(document));
    for (const { serviceName, operation } of fetchesOf(queryPlan.node)) {
      const policy = answerPolicy(operation, { ...cached, entities: TOLD[serviceName] ?? {} });
      if (policy)
        kept.add(`${name} ${serviceName} ${policy.keep.fresh / 1_000} s, stale ${policy.keep.stale / 1_000} s`);
    }
  }
  expect([...kept].sort()).toEqual([
    'CartAvailability inventory 5 s, stale 0 s',
    'CartAvailability product 60 s, stale 300 s',
    'InventoryFeed inventory 5 s, stale 0 s',
    'InventoryFeed product 5 s, stale 300 s',
    'OrderPage product 60 s, stale 300 s',
    'PickQueue product 60 s, stale 300 s',
    'ProductListing inventory 5 s, stale 0 s',
    'ProductListing product 5 s, stale 300 s',
    'ProductPage inventory 5 s, stale 0 s',
    'ProductPage product 5 s, stale 300 s',
    'StoreStock product 60 s, stale 300 s',
  ]);
});

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
