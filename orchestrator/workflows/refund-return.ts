import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import { type PayBack, payBack } from './pay-back.ts';

export interface RefundReturnInput extends PayBack {
  readonly channelCode: string;
}

/** Units of a return are paid back without waiting for their goods, which are not paid back again when they come. */
export async function refundReturn(deps: OrchestratorDeps, input: RefundReturnInput): Promise<void> {
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);
  await payBack(deps, step, input);
  await step({ name: 'settle-refund', system: 'commerce' }, () =>
    deps.orders.settleReturn(input.returnId, {
      key: input.key,
      traceId: input.traceId,
      locationId: null,
      lines: input.lines.map(({ lineId, quantity }) => ({ lineId, refunded: quantity, placed: null })),
    }),
  );
}
