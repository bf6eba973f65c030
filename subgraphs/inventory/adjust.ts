import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { UnreachableCaseError } from '../../platform/errors.ts';
import type { AdjustRefusal } from './errors.ts';
import { locationsById, positionIdOf } from './locations.ts';
import { MAX_ON_HAND, MAX_UNITS } from './model.ts';
import type { AdjustmentRefusal, StockAdjustment, StockSource } from './port.ts';
import { applyOwnBookings } from './projection.ts';

export interface InventoryAdjustInput {
  readonly idempotencyKey: string;
  readonly sku: string;
  readonly locationId: string;
  readonly reason: StockAdjustment['reason'];
  readonly delta?: number | null;
  readonly setTo?: number | null;
  readonly sourceSequence?: string | null;
}

/** Safe to store as an answer. */
export interface AdjustResult {
  readonly positionId: string | null;
  readonly refusals: readonly AdjustRefusal[];
}

/**
 * Books an adjustment in the warehouse system, which owns the quantity, and takes its booking over at once; the feed
 * will bring the same booking later and change nothing.
 *
 * While the warehouse is asked, this transaction holds nothing but its own idempotency key: positions are locked after
 * the answer. When the process dies in between, the same request asks again under the same key and gets the same booking.
 *
 * @param scope whose idempotency key it is
 * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE: it may be booked or not, repeat it
 */
export async function adjustStock(
  trx: Knex.Transaction,
  source: StockSource,
  scope: string,
  input: InventoryAdjustInput,
  signal: AbortSignal,
): Promise<AdjustResult> {
  const wish = readAmount(input);
  if ('code' in wish) return refuse(wish);
  if (input.reason === 'RECEIPT' && 'delta' in wish && wish.delta < 0) return refuse(NEGATIVE_RECEIPT);
  if (input.sku.includes('\0')) return refuse(REFUSALS.UNKNOWN_SKU);
  const location = input.locationId.includes('\0')
    ? undefined
    : (await locationsById(trx, [input.locationId])).get(input.locationId);
  if (!location) return refuse(REFUSALS.UNKNOWN_LOCATION);
  const seenSequence = readSequence(input.sourceSequence);
  if (typeof seenSequence === 'object' && seenSequence !== null) return refuse(seenSequence);
  if (seenSequence !== null && seenSequence < (await knownSequence(trx, positionIdOf(location.code, input.sku)))) {
    return refuse(REFUSALS.STALE_SEQUENCE);
  }

  const outcome = await source.adjust(
    {
      key: bookingKey(scope, input.idempotencyKey),
      siteCode: location.code,
      sku: input.sku,
      reason: input.reason,
      amount: wish,
      seenSequence,
    },
    signal,
  );
  switch (outcome.kind) {
    case 'refused':
      return refuse(REFUSALS[outcome.reason]);
    case 'booked':
      await applyOwnBookings(trx, [outcome.change]);
      return { positionId: positionIdOf(outcome.change.siteCode, outcome.change.sku), refusals: [] };
    default:
      throw new UnreachableCaseError(outcome);
  }
}

function refuse(refusal: AdjustRefusal): AdjustResult {
  return { positionId: null, refusals: [refusal] };
}

const REFUSALS: Readonly<Record<AdjustmentRefusal, AdjustRefusal>> = {
  UNKNOWN_SKU: {
    code: 'UNKNOWN_SKU',
    message: 'The warehouse system does not know this SKU.',
    field: ['input', 'sku'],
  },
  UNKNOWN_LOCATION: { code: 'UNKNOWN_LOCATION', message: 'There is no such location.', field: ['input', 'locationId'] },
  NEGATIVE_STOCK: { code: 'NEGATIVE_STOCK', message: 'The stock would fall below zero.', field: ['input'] },
  STALE_SEQUENCE: {
    code: 'STALE_SEQUENCE',
    message: 'The position moved since this sequence. Read it again and repeat the count.',
    field: ['input', 'sourceSequence'],
  },
  // The warehouse remembers keys longer than we do.
  KEY_REUSED: {
    code: 'IDEMPOTENCY_CONFLICT',
    message: 'This idempotencyKey was used before with another input. Use a new key for a new request.',
    field: ['input', 'idempotencyKey'],
  },
};

const NEGATIVE_RECEIPT: AdjustRefusal = {
  code: 'INVALID_INPUT',
  message: 'A receipt adds units: give a positive delta, or another reason such as CORRECTION or DAMAGE.',
  field: ['input', 'delta'],
};

function readAmount({ delta = null, setTo = null }: InventoryAdjustInput): StockAdjustment['amount'] | AdjustRefusal {
  const invalid = (field: string, message: string): AdjustRefusal => ({
    code: 'INVALID_INPUT',
    message,
    field: ['input', field],
  });
  if (delta !== null && setTo === null) {
    return delta !== 0 && Math.abs(delta) <= MAX_UNITS
      ? { delta }
      : invalid('delta', `delta must be between -${MAX_UNITS} and ${MAX_UNITS}, and not 0.`);
  }
  if (setTo !== null && delta === null) {
    if (setTo < 0) return { ...REFUSALS.NEGATIVE_STOCK, field: ['input', 'setTo'] };
    return setTo <= MAX_ON_HAND ? { counted: setTo } : invalid('setTo', `setTo must be at most ${MAX_ON_HAND}.`);
  }
  return invalid('delta', 'Give delta or setTo, and not both.');
}

function readSequence(text: string | null | undefined): number | null | AdjustRefusal {
  if (text == null) return null;
  const sequence = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(sequence)) return sequence;
  return {
    code: 'INVALID_INPUT',
    message: 'sourceSequence must be a ledger number of the warehouse system, such as "1042".',
    field: ['input', 'sourceSequence'],
  };
}

async function knownSequence(trx: Knex.Transaction, positionId: string): Promise<number> {
  const [row] = await query<{ source_sequence: string }>(
    trx,
    'select source_sequence from inventory.position where id = ?',
    [positionId],
  );
  return Number(row?.source_sequence ?? 0);
}

/** The warehouse's references are short, and two clients may choose the same key. */
function bookingKey(scope: string, idempotencyKey: string): string {
  return `adj-${createHash('sha256')
    .update(JSON.stringify([scope, idempotencyKey]))
    .digest('hex')
    .slice(0, 40)}`;
}
