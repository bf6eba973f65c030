import { durableStep } from '../durable.ts';
import type { LineUnits, OrchestratorDeps } from '../port.ts';

export interface CancelUnitsInput {
  /** Id of the cancellation's event. */
  readonly cancellationId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly reason: string;
  readonly lines: readonly LineUnits[];
  readonly traceId: string;
}

/** Units were cancelled in the order book: the order desk is told. */
export async function cancelUnits(deps: OrchestratorDeps, input: CancelUnitsInput): Promise<void> {
  await durableStep(deps.exceptions, input, { name: 'cancel-at-desk', system: 'oms' }, async (signal) => {
    await deps.desk.cancel(
      { noticeId: input.cancellationId, orderId: input.orderId, lines: input.lines, reason: input.reason },
      signal,
    );
    await deps.orders.note(input.orderId, {
      key: `desk-cancel:${input.cancellationId}`,
      traceId: input.traceId,
      timeline: [
        { type: 'CANCELLATION_REPORTED', system: 'oms', message: 'The order desk was told of the cancellation' },
      ],
    });
  });
}
