import { CommerceError } from '../../../platform/errors.ts';
import type { ChannelNotice, ChannelSystem } from '../port.ts';

/** A channel that forgets when the process ends. `taken` are the notices in the order in which it took them. */
export function memoryChannel(
  takes: ChannelSystem['takes'] = new Set([
    'ACKNOWLEDGEMENT',
    'REFUSAL',
    'SHIPMENT',
    'CANCELLATION',
    'CANCELLATION_ANSWER',
    'REFUND',
  ]),
): ChannelSystem & { readonly taken: readonly ChannelNotice[] } {
  const taken = new Map<string, ChannelNotice>();
  return {
    takes,
    get taken() {
      return [...taken.values()];
    },
    async tell(notice) {
      const known = taken.get(notice.noticeId);
      if (known && JSON.stringify(known) !== JSON.stringify(notice))
        throw new CommerceError('SYSTEM_REJECTED', 'the channel knows this notice with another content', {
          noticeId: notice.noticeId,
        });
      if (known) return;
      if (leavesLessThanNothing([...taken.values(), notice]))
        throw new CommerceError('SYSTEM_REJECTED', 'the channel sold less', { noticeId: notice.noticeId });
      taken.set(notice.noticeId, notice);
    },
  };
}

/** Whether more units of some line were shipped and cancelled than were ordered. */
function leavesLessThanNothing(notices: readonly ChannelNotice[]): boolean {
  const left = new Map<string, number>();
  for (const { orderId, kind, lines } of notices) {
    if (kind !== 'SHIPMENT' && kind !== 'CANCELLATION' && kind !== 'CANCELLATION_ANSWER') continue;
    for (const { lineId, ordered, quantity } of lines) {
      const key = `${orderId} ${lineId}`;
      left.set(key, (left.get(key) ?? ordered) - quantity);
    }
  }
  return [...left.values()].some((units) => units < 0);
}
