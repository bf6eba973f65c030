import DataLoader from 'dataloader';
import { inKeyOrder } from '../../platform/batch.ts';
import type { IntegrationException } from './model.ts';
import type { OperationsReader } from './read.ts';

/** Fresh for every request. */
export function createOperationsLoaders(reader: OperationsReader) {
  return {
    exceptions: new DataLoader<string, IntegrationException | null>(
      async (ids) => inKeyOrder(ids, await reader.exceptionsById(ids)),
      { name: 'integrationException.byId', maxBatchSize: 500 },
    ),
  };
}

export type OperationsLoaders = ReturnType<typeof createOperationsLoaders>;
