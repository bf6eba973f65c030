import type { StoredEvent } from '../events/port.ts';
import { counted } from '../platform/counted.ts';
import type { Effect, OrchestratorDeps } from './port.ts';

/** What happens to a piece of work once, however many ask for it at the same time: who was heard first is told of. */
const ONCE: ReadonlySet<string> = new Set(['ACCEPT', 'REJECT', 'MARK_READY_FOR_PICKUP', 'COMPLETE_PICKUP']);

type Commanded = StoredEvent<'fulfillment-order-commanded.v1'>['data'];

/** A person asked for something to be done with a node's work: the order's timeline says who, what, where and why. */
export async function workCommanded(
  event: StoredEvent<'fulfillment-order-commanded.v1'>,
  deps: Pick<OrchestratorDeps, 'orders' | 'stock'>,
): Promise<void> {
  const { data, traceId } = event;
  const node = await deps.stock.codeOf(data.locationId);
  const target = data.targetLocationId === undefined ? '' : await deps.stock.codeOf(data.targetLocationId);
  const timeline: Effect['timeline'] = [
    {
      type: `WORK_${data.command}_ASKED`,
      system: 'commerce',
      message: `${data.by} asked ${describe(data, node, target)}${data.reason === undefined ? '' : `: ${data.reason}`}`,
      occurredAt: new Date(data.askedAt),
    },
  ];
  const asked = ONCE.has(data.command) ? `${data.command}:${data.fulfillmentOrderId}` : data.commandId;
  await deps.orders.note(data.orderId, { key: `commanded:${asked}`, traceId, timeline });
}

function describe({ command, units = 0, merged = 0, fulfilAt = '' }: Commanded, node: string, target: string): string {
  const work = `the work of ${node} (${counted(units, 'unit')})`;
  switch (command) {
    case 'ACCEPT':
      return `${node} to accept its work`;
    case 'REJECT':
      return `${node} to reject its work`;
    case 'SHIP':
      return `${node} to book packages out`;
    case 'MARK_READY_FOR_PICKUP':
      return `${node} to put the goods on the counter`;
    case 'COMPLETE_PICKUP':
      return `${node} to hand the goods over`;
    case 'HOLD':
      return `to hold ${work}`;
    case 'RELEASE_HOLD':
      return `to release ${work}`;
    case 'SCHEDULE':
      return `to leave ${work} until ${fulfilAt}`;
    case 'MARK_AS_OPEN':
      return `to open ${work} now`;
    case 'MOVE':
      return `to move ${work} to ${target}`;
    case 'SPLIT':
      return `to split ${counted(units, 'unit')} off the work of ${node}`;
    case 'MERGE':
      return `to join ${counted(merged, 'other piece')} of work at ${node} to one`;
  }
}
