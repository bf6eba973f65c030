import { randomUUID } from 'node:crypto';
import { canonicalFile } from '../../helpers/settlement-files.ts';
import type { MutationCases } from '../mutation-case.ts';
import { backOffice } from '../world.ts';

const finance = backOffice('finance');

const report = () => ({
  channelCode: 'AMAZON',
  format: 'CANONICAL_CSV',
  content: canonicalFile(randomUUID(), [{ class: 'SALE', amountMinor: 1_250, orderId: '1-2-3' }]),
});

export const settlement: MutationCases = {
  settlementIngest: {
    kind: 'keyed',
    caller: finance,
    prepare: async () => ({ input: report() }),
    otherwise: () => ({ input: report() }),
  },
  reconciliationExceptionResolve: {
    kind: 'unavailable',
    code: 'NOT_FOUND',
    caller: finance,
    prepare: async () => ({ exceptionId: 'none', input: { resolution: 'ACCEPT_ACTUAL', note: 'None.' } }),
  },
};
