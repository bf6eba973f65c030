import { DBOS } from '@dbos-inc/dbos-sdk';
import { unitsByLine } from '../../platform/units-by-line.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import type { LineUnits } from '../ports/work.ts';

export interface CancelUnitsInput {
  /** Id of the cancellation's event. */
  readonly cancellationId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly reason: string;
  readonly lines: readonly LineUnits[];
  readonly traceId: string;
}

const FIRST_PAUSE_MILLIS = 1_000;
const MAX_PAUSE_MILLIS = 60_000;
/** Looks at the desk before an order that is cancelled whole counts as never registered. */
const LOOKS = 4;

/** Units were cancelled in the order book: the order desk is told, once it knows the order. */
export async function cancelUnits(deps: OrchestratorDeps, input: CancelUnitsInput): Promise<void> {
  if (!deps.desk.takes.has('CANCELLATION')) return;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);
  if (!(await registered(deps, step, input.orderId))) return;
  await step({ name: 'cancel-at-desk', system: 'oms' }, async (signal) => {
    await deps.desk.cancel(
      {
        noticeId: input.cancellationId,
        orderId: input.orderId,
        lines: await withLeft(deps, input),
        reason: input.reason,
      },
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

/** What is still wanted of the lines now: a desk that keeps no notices goes by that. */
async function withLeft(deps: OrchestratorDeps, { orderId, lines }: CancelUnitsInput) {
  const booked = await deps.orders.read(orderId);
  const left = new Map(booked?.lines.map(({ id, quantities }) => [id, quantities.ordered - quantities.cancelled]));
  return unitsByLine(lines).map((line) => ({ ...line, left: left.get(line.lineId) ?? 0 }));
}

/** Waits until the desk knows the order. False when it never will: the order was cancelled before it got there. */
async function registered(deps: OrchestratorDeps, step: RunStep, orderId: string): Promise<boolean> {
  for (let look = 0; ; look++) {
    const state = await step({ name: `look-at-desk-${look}`, system: 'oms' }, async (signal) => {
      if (await deps.desk.find(orderId, signal)) return 'known';
      return (await deps.orders.read(orderId))?.order.status === 'CANCELLED' ? 'cancelled' : 'awaited';
    });
    if (state === 'known') return true;
    if (state === 'cancelled' && look >= LOOKS) return false;
    await DBOS.sleep(Math.min(MAX_PAUSE_MILLIS, FIRST_PAUSE_MILLIS * 2 ** look));
  }
}
