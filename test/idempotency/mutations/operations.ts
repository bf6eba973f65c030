import { randomUUID } from 'node:crypto';
import { query } from '../../../platform/db/query.ts';
import type { Failure } from '../../../subgraphs/operations/index.ts';
import type { MutationCases } from '../mutation-case.ts';
import { backOffice, type World } from '../world.ts';
import { placed } from './order.ts';

const operator = backOffice('operations');

const OUTAGE = { cause: 'UNAVAILABLE', orderId: null } as const;

async function raised(world: World, about: Pick<Failure, 'cause' | 'orderId'> = OUTAGE): Promise<string> {
  const key = randomUUID();
  await world.desk.raise({
    key,
    ...about,
    system: 'wms',
    operation: 'release-work',
    message: 'The warehouse does not take the work.',
    channelCode: null,
    workflowId: `workflow-${key}`,
    traceId: '0'.repeat(32),
  });
  const [row] = await query<{ id: string }>(world.knex, 'select id from integration.exception where key = ?', [key]);
  return row?.id ?? '';
}

export const operations: MutationCases = {
  integrationExceptionRetry: {
    caller: operator,
    prepare: async (world) => ({ exceptionId: await raised(world), input: {} }),
    otherwise: null,
  },
  integrationExceptionsRetry: {
    caller: operator,
    prepare: async (world) => {
      await raised(world);
      return { filter: { system: 'wms' }, input: { reason: 'The warehouse is back.' } };
    },
    otherwise: () => ({ filter: { system: 'erp' }, input: { reason: 'The warehouse is back.' } }),
  },
  integrationExceptionDismiss: {
    caller: operator,
    prepare: async (world) => ({ exceptionId: await raised(world), input: { note: 'Corrected by hand.' } }),
    otherwise: ({ exceptionId }) => ({ exceptionId, input: { note: 'Not ours.' } }),
  },
  integrationExceptionCorrect: {
    caller: operator,
    prepare: async (world) => ({
      exceptionId: await raised(world, { cause: 'VALIDATION', orderId: (await placed(world)).id }),
      input: { reason: 'Told by phone.', values: [{ name: 'line1', value: '2 High Street' }] },
    }),
    otherwise: ({ exceptionId }) => ({
      exceptionId,
      input: { reason: 'Told by phone.', values: [{ name: 'line1', value: '3 High Street' }] },
    }),
  },
};
