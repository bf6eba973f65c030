import { execute } from '../../platform/graphql/execute.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { createDataSource, type DataSourceOptions, type SubgraphSource } from './data-source.ts';

/** Asks a subgraph that lives in this process: no network, no signature, the same answers. */
export function inProcessDataSource(subgraph: Subgraph, options: Omit<DataSourceOptions, 'subgraph'>): SubgraphSource {
  return createDataSource(
    ({ operation, variables, caller, cut }) =>
      execute(
        subgraph,
        { query: operation.text, variables, operationName: operation.name, caller, signal: cut.signal },
        options.logger,
      ),
    { ...options, subgraph: subgraph.name },
  );
}
