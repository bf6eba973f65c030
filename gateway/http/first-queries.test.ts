import { expect, it } from '@jest/globals';
import { parse, validate } from 'graphql';
import { createLogger } from '../../platform/logger.ts';
import { composeSupergraph } from '../../registry/compose.ts';
import { readContracts } from '../../registry/contracts.ts';
import { DEVELOPMENT_KEYS } from '../access/development-access.ts';
import { loadSnapshot } from '../load-snapshot.ts';
import { FIRST_QUERIES } from './first-queries.ts';

const composition = composeSupergraph();
const supergraph = composition.kind === 'composed' ? composition.supergraphSdl : '';
const { contracts } = loadSnapshot(supergraph, {
  contracts: readContracts(),
  dataSource: () => ({ process: async () => ({ data: null }) }),
  logger: createLogger({ level: 'silent', component: 'test' }),
});

it('has a key and a query for every contract', () => {
  const names = [...contracts.values()].map(({ name }) => name).sort();
  expect(Object.keys(FIRST_QUERIES).sort()).toEqual(names);
  expect(Object.keys(DEVELOPMENT_KEYS).sort()).toEqual(names);
});

it.each([...contracts.values()].map(({ name }) => name))('%s: what the explorer shows first is valid', (name) => {
  const contract = [...contracts.values()].find((candidate) => candidate.name === name);
  const documents = (FIRST_QUERIES[name] ?? []).map(({ query }) => parse(query));
  expect(documents.length).toBeGreaterThan(0);
  for (const document of documents) expect(contract && validate(contract.schema, document)).toEqual([]);
});
