import { type DriftFigures, whyNotClean } from '../../platform/drift/drift.ts';
import type { PageArgs } from '../../platform/graphql/connection.ts';
import type { Resolvers } from '../../platform/graphql/subgraph.ts';
import { formatAmount } from '../../platform/money.ts';
import { type BulkRetry, readBulkRetry } from './bulk-retry.ts';
import { readChannelFigures } from './channel-figures.ts';
import type { OperationsContext } from './context.ts';
import { editableFields } from './correct.ts';
import { readSystems } from './health.ts';
import { readIndicators } from './indicators.ts';
import { type IndicatorWindow, type IntegrationException, isFresh, type SystemPort } from './model.ts';
import { mutations } from './mutations.ts';
import type { IntegrationExceptionFilter } from './read.ts';

export const resolvers: Resolvers = {
  Query: {
    integrationException: (_: unknown, { id }: { id: string }, { loaders }: OperationsContext) =>
      loaders.exceptions.load(id),
    async integrationExceptions(
      _: unknown,
      { filter, ...page }: PageArgs & { filter?: IntegrationExceptionFilter | null },
      { reader }: OperationsContext,
    ) {
      const connection = await reader.exceptions(filter ?? {}, page);
      return { ...connection, totalCount: () => reader.exceptionCount(filter ?? {}) }; // counted only when asked for
    },
    integrationExceptionsRetryJob: (_: unknown, { id }: { id: string }, { knex }: OperationsContext) =>
      readBulkRetry(knex, id),
    systems: (_: unknown, __: unknown, { knex }: OperationsContext) => readSystems(knex),
    async serviceIndicators(_: unknown, { window }: { window: IndicatorWindow }, { knex }: OperationsContext) {
      return { ...(await readIndicators(knex, window)), channels: () => readChannelFigures(knex, window) };
    },
  },

  Mutation: mutations,

  SystemPort: {
    missingCapabilities: ({ missing }: SystemPort) => missing,
  },

  SystemRoute: {
    isFresh,
  },

  SystemShadow: {
    cohort: ({ part }: DriftFigures) => (part === '' ? null : part),
    cleanSamples: ({ clean }: DriftFigures) => clean,
    cleanSamplesWanted: ({ cleanWanted }: DriftFigures) => cleanWanted,
    errorBudgetPercent: ({ budgetPercent }: DriftFigures) => budgetPercent,
    blockedBy: whyNotClean,
  },

  IntegrationExceptionsRetryJob: {
    count: ({ total }: BulkRetry) => total,
    waitsForSystems: ({ waitsFor }: BulkRetry) => waitsFor,
  },

  IntegrationException: {
    __resolveReference: ({ id }: { id: string }, { loaders }: OperationsContext) => loaders.exceptions.load(id),
    firstError: ({ firstCause, firstMessage }: IntegrationException) => ({ cause: firstCause, message: firstMessage }),
    atStake: ({ atStake }: IntegrationException) =>
      atStake && { amount: formatAmount(atStake), currencyCode: atStake.currencyCode },
    editable: (exception: IntegrationException, _: unknown, { corrections }: OperationsContext) =>
      editableFields(corrections, exception),
    order: ({ orderId }: IntegrationException) => (orderId === null ? null : { __typename: 'Order', id: orderId }),
  },
};
