import type { GraphQLDataSource } from '@apollo/gateway';
import type { PlannedFetch, PlannedTogether, SubgraphSource } from '../data-sources/data-source.ts';
import type { SubgraphAnswer, SubgraphError } from '../data-sources/subgraph-answer.ts';
import type { Run } from './run.ts';

type ProcessOptions = Parameters<GraphQLDataSource['process']>[0];

/**
 * Asks the data source of a subgraph.
 * @throws Error when there is none of this name, or what a data source that is not ours throws
 */
export async function askSource(run: Run, subgraph: string, fetch: PlannedFetch): Promise<SubgraphAnswer> {
  const source = run.services[subgraph];
  if (!source) throw new Error(`Couldn't find service with name "${subgraph}"`);
  if (isOurs(source)) return source.ask(fetch, run.context);
  const { text: query, name: operationName } = fetch.operation;
  const request = {
    query,
    variables: { ...fetch.variables },
    ...(operationName === undefined ? {} : { operationName }),
  };
  // Sources made elsewhere (the event of a subscription, those of tests) look at no more than this.
  const { data, errors } = await source.process({ request, context: run.context } as unknown as ProcessOptions);
  return { ...(data === undefined ? {} : { data }), ...(errors ? { errors: errors as SubgraphError[] } : {}) };
}

/**
 * Asks it for several fetches at once: in one request where the source can.
 * @returns an answer for each; that of a null means nothing
 * @throws as {@link askSource}
 */
export async function askTogether(
  run: Run,
  subgraph: string,
  together: PlannedTogether,
): Promise<readonly SubgraphAnswer[]> {
  const source = run.services[subgraph];
  const { fetches } = together;
  const isOne = fetches.filter((fetch) => fetch !== null).length < 2;
  if (!isOne && source && isOurs(source) && source.askTogether) return source.askTogether(together, run.context);
  return Promise.all(fetches.map(async (fetch) => (fetch ? askSource(run, subgraph, fetch) : {})));
}

function isOurs(source: GraphQLDataSource): source is SubgraphSource {
  return 'ask' in source;
}
