import type { Caller, Channel } from '../../../platform/caller.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { type OnceKey, onceKeyOf } from '../../../platform/idempotency/once-key.ts';
import { checkTexts } from '../../../platform/storable-text.ts';
import type { PlaceResult } from '../commands/place.ts';
import type { OrderPlaceInput } from '../commands/place-input.ts';
import type { Order, OrderHold, OrderLine } from '../model.ts';

/** One `orderPlace` on its way. */
export interface CaptureRequest {
  readonly key: OnceKey;
  readonly caller: Caller;
  readonly channel: Channel;
  readonly input: OrderPlaceInput;
  /** Whether the order is kept from its nodes until it is paid. */
  readonly untilPaid: boolean;
}

/** The answer of `orderPlace`. */
export interface Placed extends PlaceResult {
  /** What was just written, so that the answer needs no reading. Never stored: a replay is answered by `asCaptured`. */
  readonly captured?: CapturedOrder;
}

export interface CapturedOrder {
  readonly order: Order;
  readonly lines: readonly OrderLine[];
  readonly holds: readonly OrderHold[];
}

/**
 * @param isHeld whether an order of a channel is kept from its nodes until it is paid
 * @throws CommerceError FORBIDDEN without a channel, IDEMPOTENCY_KEY_INVALID, BAD_USER_INPUT for a text that cannot be stored
 */
export function captureRequest(
  caller: Caller,
  input: OrderPlaceInput,
  isHeld: (channel: Channel, input: OrderPlaceInput) => boolean = () => false,
): CaptureRequest {
  const { channel } = caller;
  if (!channel) throw new CommerceError('FORBIDDEN', 'Orders are placed with the key of a sales channel.');
  checkTexts({ input, customerId: caller.customerId });
  return {
    key: onceKeyOf({ caller, operation: 'orderPlace', key: input.idempotencyKey, input }),
    caller,
    channel,
    input,
    untilPaid: isHeld(channel, input),
  };
}

/** Whether a batch knows all it takes: nothing bound to a store. */
export function fitsBatch({ input }: CaptureRequest): boolean {
  const ships = input.delivery.method === 'SHIPPING' || input.delivery.method === 'LOCAL_DELIVERY';
  return ships && input.delivery.locationId == null;
}
