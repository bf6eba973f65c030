import type { DeskOrder, DeskState } from '../wire.ts';

type Counts = Pick<DeskOrder['positions'][number], 'qty' | 'dispatched' | 'cancelled'>;

/** What of a position can still be dispatched or cancelled. */
export const openQty = ({ qty, dispatched, cancelled }: Counts): number => qty - dispatched - cancelled;

/** The state of an order follows from its positions and two facts; nobody sets it. */
export function deskStateOf(
  positions: readonly Counts[],
  facts: { readonly acknowledged: boolean; readonly completed: boolean },
): DeskState {
  const dispatched = positions.some((position) => position.dispatched > 0);
  const open = positions.some((position) => openQty(position) > 0);
  if (!open && !dispatched) return 'CANCELLED';
  if (!open) return facts.completed ? 'COMPLETED' : 'DISPATCHED';
  if (dispatched) return 'PART_DISPATCHED';
  return facts.acknowledged ? 'ACKNOWLEDGED' : 'RECEIVED';
}
