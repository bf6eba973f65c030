import type { Knex } from 'knex';
import type { Caller } from '../../platform/caller.ts';
import { buildSubgraph, type Subgraph } from '../../platform/graphql/subgraph.ts';
import type { Logger } from '../../platform/logger.ts';
import type { OperationsContext } from './context.ts';
import type { Correction } from './correct.ts';
import { createOperationsLoaders } from './loaders.ts';
import type { RetryWorkflow } from './port.ts';
import { createOperationsReader } from './read.ts';
import { resolvers } from './resolvers.ts';

export { advanceBulkRetries, readBulkRetry, startBulkRetry } from './bulk-retry.ts';
export { channelMetrics } from './channel-figures.ts';
export { dismiss, requestRetry } from './commands.ts';
export type { Correction } from './correct.ts';
export { noteContact } from './degradation/contact.ts';
export { type DegradationRule, loadDegradationRules, saveDegradationRules } from './degradation/rules.ts';
export { watchDegradation } from './degradation/watch.ts';
export { createExceptionDesk, type ExceptionDesk } from './desk.ts';
export { feedMetrics } from './feed-metrics.ts';
export { stalledFeeds, watchFeeds } from './feed-watch.ts';
export {
  createSystemHealthReporter,
  type SystemHealthReporter,
} from './health.ts';
export { loadOwnership } from './ownership.ts';
export type { Failure, RetryWorkflow, SystemStatistics, TakeAgain, WatchedSystem } from './port.ts';
export { createOperationsReader } from './read.ts';
export { wakeAfterSuccess, wakeFirst, wakeWaiting } from './recovery.ts';
export { advanceReplay, planReplay, readDeskJob, startReplay } from './replays.ts';
export { takeRetryRequests } from './retries.ts';
export { advanceRewinds, startRewind } from './rewinds.ts';

export interface OperationsDeps {
  readonly knex: Knex;
  readonly logger: Logger;
  /** Given where the workflows run in this process: a retry is passed on at once. Elsewhere the worker finds it. */
  readonly retryWorkflow?: RetryWorkflow;
  /** What operators can correct, provided by the owners of the data. None when left out. */
  readonly corrections?: readonly Correction[];
}

/** The operations subgraph: exception desk, health of the systems of record, service indicators. */
export function createOperationsSubgraph(deps: OperationsDeps): Subgraph<OperationsContext> {
  const reader = createOperationsReader(deps.knex);
  return buildSubgraph<OperationsContext>({
    name: 'operations',
    resolvers,
    context: (caller: Caller, signal: AbortSignal) => ({
      caller,
      signal,
      knex: deps.knex,
      logger: deps.logger,
      retryWorkflow: deps.retryWorkflow ?? null,
      corrections: deps.corrections ?? [],
      reader,
      loaders: createOperationsLoaders(reader),
    }),
  });
}
