/** Where a payout stands. */
export type PayoutState =
  | 'SCHEDULED'
  | 'IN_TRANSIT'
  | 'PARTIALLY_PAID'
  | 'PAID_SHORT'
  | 'PAID'
  | 'FAILED'
  | 'CANCELLED'
  | 'CARRIED_FORWARD';

/**
 * Every move there is. A failed payout is sent again; CANCELLED and CARRIED_FORWARD are ends: the latter also of one that the channel
 * told of before its statement came, which owes the channel. What the bank showed is taken back
 * only where a person says that the money was of something else, or a statement that comes to light pays more. A payout is paid
 * short once people gave up what is missing; it is partly paid again when they take that back, and FAILED when the bank takes all of it back.
 */
export const PAYOUT_TRANSITIONS: Readonly<Record<PayoutState, readonly PayoutState[]>> = {
  SCHEDULED: ['IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED', 'CARRIED_FORWARD'],
  IN_TRANSIT: ['PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED'],
  FAILED: ['SCHEDULED'],
  PARTIALLY_PAID: ['IN_TRANSIT', 'PAID', 'PAID_SHORT', 'FAILED'],
  PAID_SHORT: ['IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED'],
  PAID: ['IN_TRANSIT', 'PARTIALLY_PAID', 'FAILED'],
  CANCELLED: [],
  CARRIED_FORWARD: [],
};

/**
 * The moves from one state to another; null when there is no way. A failed payout that was sent again goes by SCHEDULED,
 * also where nobody told of that; one whose missing rest people gave up before its money came goes by PARTIALLY_PAID.
 */
export function payoutMoves(from: PayoutState, to: PayoutState): readonly PayoutState[] | null {
  const isSentAgain = from === 'FAILED' && (to === 'IN_TRANSIT' || hasArrived(to));
  const moves: PayoutState[] = [
    ...(isSentAgain ? (['SCHEDULED'] as const) : []),
    ...(to === 'PAID_SHORT' && from !== 'PARTIALLY_PAID' ? (['PARTIALLY_PAID'] as const) : []),
    to,
  ];
  const isLegal =
    from !== to && moves.every((move, index) => PAYOUT_TRANSITIONS[moves[index - 1] ?? from].includes(move));
  return isLegal ? moves : null;
}

/** Whether a channel's word for the state of a payout says nothing about money. */
export function saysNothing(word: string): boolean {
  return ['NO_PAYOUT', 'NO_PAYOUT_EXPECTED', 'DISABLED'].includes(word.toUpperCase());
}

/** Whether the bank shows money of it: what the channel says of its state counts no more. */
export function hasArrived(state: PayoutState): boolean {
  return state === 'PARTIALLY_PAID' || state === 'PAID_SHORT' || state === 'PAID';
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
