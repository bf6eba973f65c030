/** Where a payout stands. */
export type PayoutState = 'SCHEDULED' | 'IN_TRANSIT' | 'PAID' | 'FAILED' | 'CANCELLED' | 'CARRIED_FORWARD';

/** Every move there is. A failed payout is sent again; PAID, CANCELLED and CARRIED_FORWARD are ends. */
export const PAYOUT_TRANSITIONS: Readonly<Record<PayoutState, readonly PayoutState[]>> = {
  SCHEDULED: ['IN_TRANSIT', 'PAID', 'FAILED', 'CANCELLED'],
  IN_TRANSIT: ['PAID', 'FAILED', 'CANCELLED'],
  FAILED: ['SCHEDULED'],
  PAID: [],
  CANCELLED: [],
  CARRIED_FORWARD: [],
};

/**
 * The moves from one state to another; null when there is no way. A failed payout that was sent again goes by SCHEDULED,
 * also where nobody told of that.
 */
export function payoutMoves(from: PayoutState, to: PayoutState): readonly PayoutState[] | null {
  if (PAYOUT_TRANSITIONS[from].includes(to)) return [to];
  if (from === 'FAILED' && (to === 'IN_TRANSIT' || to === 'PAID')) return ['SCHEDULED', to];
  return null;
}

/**
 * A channel's word for the state of a payout as ours. Null for a word that says nothing about the money (Amazon's
 * NO_PAYOUT) or that we do not know: the payout then stays where it is.
 */
export function payoutStateOf(word: string): PayoutState | null {
  switch (word.toUpperCase()) {
    case 'SCHEDULED':
    case 'AT_RISK':
      return 'SCHEDULED';
    case 'STARTED':
    case 'IN_TRANSIT':
      return 'IN_TRANSIT';
    case 'PAID':
      return 'PAID';
    case 'FAILED':
      return 'FAILED';
    case 'CANCELLED':
    case 'CANCELED':
      return 'CANCELLED';
    default:
      return null;
  }
}
