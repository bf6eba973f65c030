import { Supergraph } from '@apollo/federation-internals';
import { describe, expect, it } from '@jest/globals';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { loadSnapshot } from '../../gateway/load-snapshot.ts';
import { createLogger } from '../../platform/logger.ts';
import { composeSupergraph } from '../../registry/compose.ts';
import { contractSupergraph } from '../../registry/contract-from-tags.ts';
import { readContracts } from '../../registry/contracts.ts';
import { SUPPORTED_FEATURES } from '../../registry/supported-features.ts';

const composition = composeSupergraph();
if (composition.kind === 'failed') throw new Error(composition.errors.join('\n'));
const { supergraphSdl } = composition;
const { contracts } = loadSnapshot(supergraphSdl, {
  contracts: readContracts(),
  dataSource: () => ({ process: async () => ({ data: null }) }),
  logger: createLogger({ level: 'silent', component: 'test' }),
});

describe.each(readContracts())('the contract $path of the real graph', ({ path, filter }) => {
  it('is served', () => expect(contracts.has(path)).toBe(true));

  it('is what any federation gateway would make of the tags', () => {
    const served = contracts.get(path)?.schema;
    const elsewhere = Supergraph.build(contractSupergraph(supergraphSdl, filter), {
      supportedFeatures: SUPPORTED_FEATURES,
    })
      .apiSchema()
      .toGraphQLJSSchema();
    expect(served && printSchema(lexicographicSortSchema(served))).toBe(
      printSchema(lexicographicSortSchema(elsewhere)),
    );
  });
});
