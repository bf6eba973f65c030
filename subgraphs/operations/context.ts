import type { Knex } from 'knex';
import type { RequestContext } from '../../platform/graphql/subgraph.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Correction } from './correct.ts';
import type { OperationsLoaders } from './loaders.ts';
import type { RetryWorkflow } from './port.ts';
import type { OperationsReader } from './read.ts';

/** What the resolvers of this subgraph can rely on, for one request. */
export interface OperationsContext extends RequestContext {
  readonly knex: Knex;
  readonly logger: Logger;
  readonly retryWorkflow: RetryWorkflow | null;
  readonly corrections: readonly Correction[];
  readonly reader: OperationsReader;
  readonly loaders: OperationsLoaders;
}
