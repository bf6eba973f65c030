import { counted } from '../../platform/counted.ts';
import { CommerceError } from '../../platform/errors.ts';
import { durableStep, type RunStep } from '../durable.ts';
import type { OrchestratorDeps } from '../port.ts';
import type { LineUnits } from '../ports/work.ts';

export interface AskNodesInput {
  /** Names the wish: whoever waits for an answer to it knows it by this. */
  readonly requestId: string;
  /** Id of its event. */
  readonly wishId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly reason: string;
  readonly lines: readonly LineUnits[];
  readonly traceId: string;
}

/**
 * Somebody wants units back that nodes have. Between its decision and its work there are moments in which a node is to do
 * units and no work says so: a wish that comes then waits for the work, instead of hearing a no that nobody said.
 */
export async function askNodes(deps: OrchestratorDeps, input: AskNodesInput): Promise<void> {
  const { orderId, requestId, wishId, reason, lines, traceId } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);
  const wanted = lines.reduce((sum, line) => sum + line.quantity, 0);

  const asked = await step({ name: 'withdraw-units', system: 'commerce' }, async () => {
    if (await isWorkAwaited(deps, orderId, lines))
      throw new CommerceError('SYSTEM_PENDING', 'The units have a node, and its work is not made yet', { orderId });
    return deps.fulfillment.withdrawUnits(orderId, { key: requestId, reason, lines });
  });
  if (asked === wanted) return;
  await step({ name: 'keep-units', system: 'commerce' }, async () => {
    const message = `${counted(wanted - asked, 'unit')} that should be cancelled cannot be asked back: each left its node meanwhile, or was asked for before`;
    const timeline = [{ type: 'CANCELLATION_REJECTED', system: 'commerce', message }];
    const effect = { key: `not-withdrawn:${wishId}`, traceId, timeline };
    await deps.orders.keepUnits(orderId, { requestId, units: wanted - asked }, effect);
  });
}

/** Whether of a line more units are wanted than are in its nodes' work, and some have a node without being in any. */
async function isWorkAwaited(deps: OrchestratorDeps, orderId: string, wanted: readonly LineUnits[]): Promise<boolean> {
  const booked = await deps.orders.read(orderId);
  const { open } = await deps.fulfillment.workOf(orderId);
  return wanted.some(({ lineId, quantity }) => {
    const line = booked?.lines.find(({ id }) => id === lineId);
    if (!line) return false;
    const working = open.reduce((sum, work) => sum + (work.lineId === lineId ? work.quantity : 0), 0);
    const atNodes = line.quantities.allocated + line.quantities.inFulfillment;
    return quantity > working && atNodes > working;
  });
}
