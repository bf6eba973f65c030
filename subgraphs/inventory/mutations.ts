import type { Knex } from 'knex';
import { recordAction } from '../../platform/audit/audit.ts';
import { idempotencyScope } from '../../platform/caller.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { onceKeyOf } from '../../platform/idempotency/once-key.ts';
import { checkTexts } from '../../platform/storable-text.ts';
import { type AdjustResult, adjustStock, type InventoryAdjustInput } from './adjust.ts';
import type { InventoryContext } from './context.ts';
import type { ExtendRefusal, HoldRefusal, ReleaseRefusal } from './errors.ts';
import { becameOrders, extendHold, releaseHold } from './holds.ts';
import { HOLD_SECONDS, MAX_UNITS } from './model.ts';
import { answerOf, once } from './once.ts';

interface ReservationHoldInput {
  readonly idempotencyKey: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  readonly locationId?: string | null;
  readonly ttlSeconds?: number | null;
}

interface ReservationExtendInput {
  readonly idempotencyKey: string;
  readonly ttlSeconds?: number | null;
}

interface ReservationReleaseInput {
  readonly idempotencyKey: string;
}

/** Most lines of one hold. */
const MAX_LINES = 1_000;

const conflict = {
  code: 'IDEMPOTENCY_CONFLICT',
  message: 'This idempotencyKey was used before with another input. Use a new key for a new request.',
  field: ['input', 'idempotencyKey'],
} as const;

export const mutations = {
  async reservationHold(_: unknown, { input }: { input: ReservationHoldInput }, context: InventoryContext) {
    const ttlSeconds = readTtl(input.ttlSeconds);
    if (input.lines.length < 1 || input.lines.length > MAX_LINES) {
      throw new CommerceError('BAD_USER_INPUT', `lines must hold 1 to ${MAX_LINES} entries.`);
    }
    const { caller } = context;
    checkTexts({ customerId: caller.customerId });
    const refusals = refusedLines(input.lines);
    const result =
      refusals.length > 0
        ? await once(context, 'reservationHold', input, input, async () => ({ reservationId: null, refusals }))
        : answerOf(
            context,
            await context.holding.hold(
              onceKeyOf({ caller, operation: 'reservationHold', key: input.idempotencyKey, input }),
              {
                lines: input.lines,
                locationId: input.locationId ?? null,
                safetyStock: caller.channel?.safetyStock ?? 0,
                ttlSeconds,
                channelCode: caller.channel?.code ?? null,
                customerId: caller.customerId,
              },
              context.signal,
            ),
          );
    if (result === 'conflict') {
      return { reservation: null, userErrors: [{ ...conflict, sku: null, availableQuantity: null }] };
    }
    return { reservation: await reservationOf(context, result.reservationId), userErrors: result.refusals };
  },

  async reservationExtend(
    _: unknown,
    { reservationId, input }: { reservationId: string; input: ReservationExtendInput },
    context: InventoryContext,
  ) {
    const ttlSeconds = readTtl(input.ttlSeconds);
    const visible = await reservationOf(context, reservationId);
    const result = await once(context, 'reservationExtend', input, { reservationId, input }, async (trx) =>
      visible ? extendHold(trx, reservationId, ttlSeconds) : 'NOT_FOUND',
    );
    context.loaders.reservations.clear(reservationId);
    const reservation = result === 'NOT_FOUND' ? null : await reservationOf(context, reservationId);
    if (result === 'EXTENDED') return { reservation, userErrors: [] };
    if (result === 'conflict') return { reservation, userErrors: [conflict] };
    const isOrders = result === 'NOT_HELD' && (await becameOrders(context.knex, reservationId));
    return { reservation, userErrors: [isOrders ? ORDERS_OWN : EXTEND_REFUSALS[result]] };
  },

  async reservationRelease(
    _: unknown,
    { reservationId, input }: { reservationId: string; input?: ReservationReleaseInput | null },
    context: InventoryContext,
  ) {
    // Before the transaction: a second connection for each would let a full pool wait for itself.
    const visible = await reservationOf(context, reservationId);
    const release = async (db: Knex) => (visible ? releaseHold(db, reservationId) : 'NOT_FOUND');
    const result = input
      ? await once(context, 'reservationRelease', input, { reservationId, input }, release)
      : await inTransaction(context.knex, release);
    context.loaders.reservations.clear(reservationId);
    const userErrors = result === 'RELEASED' ? [] : [result === 'conflict' ? conflict : RELEASE_REFUSALS[result]];
    return { reservation: result === 'NOT_FOUND' ? null : await reservationOf(context, reservationId), userErrors };
  },

  async inventoryAdjust(_: unknown, { input }: { input: InventoryAdjustInput }, context: InventoryContext) {
    const { caller, source, signal } = context;
    const result: AdjustResult | 'conflict' = await once(context, 'inventoryAdjust', input, input, async (trx) => {
      const adjusted = await adjustStock(trx, source, idempotencyScope(caller), input, signal);
      // Last, because the chain of the audit is locked from here to the end of the transaction.
      if (adjusted.positionId !== null)
        await recordAction(trx, caller, {
          action: 'inventoryAdjust',
          subject: adjusted.positionId,
          reason: input.reason,
        });
      return adjusted;
    });
    if (result === 'conflict') return { position: null, userErrors: [conflict] };
    return {
      position: result.positionId === null ? null : await context.loaders.positions.load(result.positionId),
      userErrors: result.refusals,
    };
  },
};

const reservationOf = (context: InventoryContext, id: string | null) =>
  id === null ? null : context.loaders.reservations.load(id);

/** @throws CommerceError BAD_USER_INPUT */
function readTtl(ttlSeconds: number | null | undefined): number {
  const seconds = ttlSeconds ?? HOLD_SECONDS.default;
  if (seconds < HOLD_SECONDS.min || seconds > HOLD_SECONDS.max) {
    throw new CommerceError(
      'BAD_USER_INPUT',
      `ttlSeconds must be between ${HOLD_SECONDS.min} and ${HOLD_SECONDS.max}.`,
    );
  }
  return seconds;
}

function refusedLines(lines: ReservationHoldInput['lines']): HoldRefusal[] {
  return lines.flatMap(({ sku, quantity }, index): HoldRefusal[] => {
    if (quantity >= 1 && quantity <= MAX_UNITS) return [];
    return [
      {
        code: 'INVALID_QUANTITY',
        message: `A quantity must be between 1 and ${MAX_UNITS}.`,
        field: ['input', 'lines', String(index), 'quantity'],
        sku,
        availableQuantity: null,
      },
    ];
  });
}

const EXTEND_REFUSALS: Readonly<Record<'NOT_FOUND' | 'NOT_HELD' | 'LIMIT_REACHED', ExtendRefusal>> = {
  NOT_FOUND: { code: 'NOT_FOUND', message: 'There is no such reservation.', field: ['reservationId'] },
  NOT_HELD: {
    code: 'NOT_HELD',
    message: 'The reservation holds nothing any more. Hold the stock again.',
    field: ['reservationId'],
  },
  LIMIT_REACHED: {
    code: 'LIMIT_REACHED',
    message: `A hold may live for ${HOLD_SECONDS.total} seconds in all.`,
    field: ['input', 'ttlSeconds'],
  },
};

/** Who was told to hold the stock again would buy it twice. */
const ORDERS_OWN: ExtendRefusal = {
  code: 'NOT_HELD',
  message: 'The stock belongs to an order, which keeps it. There is nothing to extend.',
  field: ['reservationId'],
};

const RELEASE_REFUSALS: Readonly<Record<'NOT_FOUND' | 'ALREADY_COMMITTED', ReleaseRefusal>> = {
  NOT_FOUND: { code: 'NOT_FOUND', message: 'There is no such reservation.', field: ['reservationId'] },
  ALREADY_COMMITTED: {
    code: 'ALREADY_COMMITTED',
    message: 'The stock belongs to an order. Cancel the order instead.',
    field: ['reservationId'],
  },
};
