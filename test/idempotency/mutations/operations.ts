import { randomUUID } from 'node:crypto';
import { query } from '../../../platform/db/query.ts';
import type { MutationCases } from '../mutation-case.ts';
import { backOffice, type World } from '../world.ts';

const operator = backOffice('operations');

async function raised(world: World): Promise<string> {
  const key = randomUUID();
  await world.desk.raise({
    key,
    cause: 'UNAVAILABLE',
    system: 'wms',
    operation: 'release-work',
    message: 'The warehouse does not answer.',
    orderId: null,
    channelCode: null,
    workflowId: `workflow-${key}`,
    traceId: '0'.repeat(32),
  });
  const [row] = await query<{ id: string }>(world.knex, 'select id from integration.exception where key = ?', [key]);
  return row?.id ?? '';
}

export const operations: MutationCases = {
  integrationExceptionRetry: {
    kind: 'keyed',
    caller: operator,
    prepare: async (world) => ({ exceptionId: await raised(world), input: {} }),
    otherwise: null,
  },
  integrationExceptionDismiss: {
    kind: 'keyed',
    caller: operator,
    prepare: async (world) => ({ exceptionId: await raised(world), input: { note: 'Corrected by hand.' } }),
    otherwise: ({ exceptionId }) => ({ exceptionId, input: { note: 'Not ours.' } }),
  },
};
