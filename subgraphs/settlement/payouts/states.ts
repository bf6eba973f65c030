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
 * Every move there is. A payout that failed or was cancelled is sent after all, and one in transit is not, where the channel says so later: its
 * newest word counts in whatever order they come. CARRIED_FORWARD is an end until its statement is taken back, also of one that the channel
 * told of before its statement came, which owes the channel. What the bank showed is taken back
 * only where a person says that the money was of something else, or a statement that comes to light pays more. A payout is paid
 * short once people gave up what is missing; it is partly paid again when they take that back, and FAILED when the bank takes all of it back.
 */
export const PAYOUT_TRANSITIONS: Readonly<Record<PayoutState, readonly PayoutState[]>> = {
  SCHEDULED: ['IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED', 'CARRIED_FORWARD'],
  IN_TRANSIT: ['SCHEDULED', 'PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED'],
  FAILED: ['SCHEDULED'],
  PARTIALLY_PAID: ['IN_TRANSIT', 'PAID', 'PAID_SHORT', 'FAILED'],
  PAID_SHORT: ['IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED'],
  PAID: ['IN_TRANSIT', 'PARTIALLY_PAID', 'FAILED'],
  CANCELLED: ['SCHEDULED'],
  CARRIED_FORWARD: ['SCHEDULED'],
};

/**
 * The moves from one state to another; null when there is no way. A payout that was sent again goes by SCHEDULED, also where nobody told
 * of that, and so does one that its statement carries forward; one whose missing rest people gave up before its money came goes by PARTIALLY_PAID.
 */
export function payoutMoves(from: PayoutState, to: PayoutState): readonly PayoutState[] | null {
  const isScheduledFirst =
    to !== 'SCHEDULED' &&
    (from === 'FAILED' || from === 'CANCELLED' || (from === 'IN_TRANSIT' && to === 'CARRIED_FORWARD'));
  const moves: PayoutState[] = [
    ...(isScheduledFirst ? (['SCHEDULED'] as const) : []),
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

/** Of two words of the same moment the one further down counts, whichever is read first. */
const RANK: readonly PayoutState[] = ['SCHEDULED', 'IN_TRANSIT', 'FAILED', 'CANCELLED'];

/** Whether a channel's word for where a payout stands outdoes what is known. Old news are repeated: without a date none leads back, and any with one goes before it. */
export function outdoes(
  word: { readonly state: PayoutState; readonly toldAt: Date | null },
  known: { readonly state: PayoutState; readonly toldAt: Date | null },
): boolean {
  const isFurther = RANK.indexOf(word.state) > RANK.indexOf(known.state);
  if (word.toldAt === null) return isFurther;
  if (known.toldAt === null || word.toldAt > known.toldAt) return true;
  return word.toldAt.getTime() === known.toldAt.getTime() && isFurther;
}

/** Where a channel's word for the state of a payout puts it: that the bank has the money is for the bank to say. Null as for `payoutStateOf`. */
export function leadsTo(word: string): PayoutState | null {
  const state = payoutStateOf(word);
  return state === 'PAID' ? 'IN_TRANSIT' : state;
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
