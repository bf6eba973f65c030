import type { GraphQLDataSource } from '@apollo/gateway';
import { execute } from '../../platform/graphql/execute.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { createDataSource, type DataSourceOptions } from './data-source.ts';

/** Asks a subgraph that lives in this process: no network, no signature, the same answers. */
export function inProcessDataSource(
  subgraph: Subgraph,
  options: Omit<DataSourceOptions, 'subgraph'>,
): GraphQLDataSource {
  return createDataSource(
    ({ query, variables, operationName, caller, signal }) =>
      execute(subgraph, { query, variables, operationName, caller, signal }, options.logger),
    { ...options, subgraph: subgraph.name },
  );
}
