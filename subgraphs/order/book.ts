import type { Knex } from 'knex';
import { inTransaction } from '../../platform/db/transaction.ts';
import { type ChangedOrder, changeOrder, lockOrder, type TimelineNote } from './change.ts';
import { cancelHandedBack } from './commands/cancel.ts';
import { cancelUnavailable } from './commands/cancel-unavailable.ts';
import { keepUnits } from './commands/cancellation-request.ts';
import { countShipment, type ToldShipment } from './commands/count-shipment.ts';
import type { ChannelClocks } from './duties/clocks.ts';
import { readShipBy } from './duties/ship-by.ts';
import type { Order, OrderHold, OrderLine, PaymentStatus } from './model.ts';
import type { Move } from './quantities.ts';
import { createOrderReader } from './read.ts';
import { noteReturnTold, untoldReturns } from './returns/desk-returns.ts';
import { creditedUnits } from './returns/free-units.ts';
import { recordReturnLabel, returnParcelMoved } from './returns/label.ts';
import { type SettledUnits, settleReturn } from './returns/settle.ts';
import { NO_PARCELS, type StrandedParcels } from './returns/stranded-parcels.ts';
import { tellTakenIn } from './returns/taken-in.ts';

export interface LineUnits {
  readonly lineId: string;
  readonly quantity: number;
}

/** An order as the orchestrator needs it. */
export interface BookedOrder {
  readonly order: Order;
  readonly lines: readonly OrderLine[];
  readonly holds: readonly OrderHold[];
}

/**
 * The order book for the orchestrator: every command names its effect with a key, and a repeated key changes nothing.
 * All commands throw CommerceError NOT_FOUND or ILLEGAL_TRANSITION.
 *
 * @param told channels that are told of their orders: these are acknowledged when the channel has taken the notice
 * @param clocks what channels expect by when
 * @param parcels those that do not reach their buyers; none unless told
 */
export function createOrderBook(
  knex: Knex,
  told: Pick<ReadonlySet<string>, 'has'> = new Set(),
  clocks: ChannelClocks = new Map(),
  parcels: StrandedParcels = NO_PARCELS,
) {
  const reader = createOrderReader(knex);
  const change = (orderId: string, what: Parameters<typeof changeOrder>[2]): Promise<ChangedOrder> =>
    inTransaction(knex, (trx) => changeOrder(trx, orderId, what));
  const move = (name: Move) => (orderId: string, lines: readonly LineUnits[], effect: Effect) =>
    change(orderId, { ...effect, moves: lines.map((line) => ({ ...line, move: name })) });

  return {
    async read(orderId: string): Promise<BookedOrder | null> {
      const order = (await reader.ordersById([orderId])).get(orderId);
      if (!order) return null;
      const [lines, holds] = await Promise.all([reader.linesByOrder([orderId]), reader.holdsByOrder([orderId])]);
      return { order, lines: lines.get(orderId) ?? [], holds: holds.get(orderId) ?? [] };
    },

    /** When all units of the order are to have left their nodes, as its channel expects it. Null when it expects nothing. */
    shipBy: (orderId: string): Promise<Date | null> => readShipBy(knex, orderId, clocks),

    /** The order desk took the order on, which acknowledges it where no channel has to be told. */
    accept: (
      orderId: string,
      { deskNumber, acknowledgedAt }: { deskNumber: string; acknowledgedAt: Date },
      effect: Effect,
    ) =>
      change(orderId, {
        ...effect,
        stage: 'ACCEPTED',
        set: ({ channel }) => (told.has(channel.code) ? { deskNumber } : { deskNumber, acknowledgedAt }),
      }),

    /** Units have a node. */
    allocate: move('allocate'),
    /** Units wait for stock. */
    backorder: move('backorder'),
    /** A node works on units. */
    startFulfillment: (orderId: string, lines: readonly LineUnits[], effect: Effect) =>
      // A node's acceptance may be heard after its shipment: then there is nothing left to move.
      change(orderId, { ...effect, moves: lines.map((line) => ({ ...line, move: 'startFulfillment', atMost: true })) }),
    /** A node gave units back; they need another node. */
    handBack: move('handBack'),
    /** Units left a node. */
    ship: move('ship'),
    /** Counts what became of a shipment's units since it was told last. Units that are neither delivered nor lost stay on their way. */
    countShipment: (orderId: string, shipment: ToldShipment, effect: Effect): Promise<ChangedOrder> =>
      inTransaction(knex, (trx) => countShipment(trx, orderId, shipment, effect)),

    /** Has it noted with the parcels what nodes took in of them, because it did not reach the buyer. */
    noteTakenIn: (orderId: string): Promise<void> =>
      inTransaction(knex, async (trx) => {
        await lockOrder(trx, orderId);
        await tellTakenIn(trx, parcels, orderId);
      }),

    /** Cancels units that a node gave back for that; those that found another end meanwhile are left out. */
    cancelHandedBack: (
      orderId: string,
      lines: readonly LineUnits[],
      why: {
        readonly reason: string;
        readonly locationId: string;
        readonly request?: { readonly id: string; readonly units: number } | undefined;
      },
      effect: Effect,
    ): Promise<ChangedOrder> => inTransaction(knex, (trx) => cancelHandedBack(trx, orderId, lines, why, effect)),

    /** Cancels units that wait, or the whole order, because no node has them and its rule does not let them wait. */
    cancelUnavailable: (
      orderId: string,
      lines: readonly LineUnits[],
      everything: boolean,
      effect: Effect,
    ): Promise<void> => inTransaction(knex, (trx) => cancelUnavailable(trx, orderId, lines, everything, effect)),

    /** Units that were to be cancelled stay: a node does not give them back. */
    keepUnits: (
      orderId: string,
      request: { readonly requestId: string; readonly units: number },
      effect: Effect,
    ): Promise<void> => inTransaction(knex, (trx) => keepUnits(trx, orderId, request, effect)),

    setPaymentStatus: (orderId: string, paymentStatus: PaymentStatus, effect: Effect) =>
      change(orderId, { ...effect, set: { paymentStatus } }),

    /** Puts something on the order's timeline that changes nothing else. */
    note: (orderId: string, effect: Effect) => change(orderId, effect),

    /** Whether all units that were not cancelled are credited. */
    async isPaidBack(orderId: string): Promise<boolean> {
      const [lines, credited] = await Promise.all([reader.linesByOrder([orderId]), creditedUnits(knex, orderId)]);
      return (lines.get(orderId) ?? []).every(
        ({ id, quantities }) => (credited.get(id) ?? 0) === quantities.ordered - quantities.cancelled,
      );
    },

    /** Notes the label that a carrier issued for a return. */
    recordReturnLabel: (
      returnId: string,
      label: Parameters<typeof recordReturnLabel>[2],
      effect: Effect,
    ): Promise<void> => inTransaction(knex, (trx) => recordReturnLabel(trx, returnId, label, effect)),

    /** A carrier moved a return's parcel. @param status as shipments have it */
    returnParcelMoved: (
      returnId: string,
      status: string,
      effect: Effect & { readonly occurredAt?: Date },
    ): Promise<void> => inTransaction(knex, (trx) => returnParcelMoved(trx, returnId, status, effect)),

    /** What the order desk was not told yet of units that came back and are kept, in order. */
    untoldReturns: (orderId: string) => untoldReturns(knex, orderId),

    /** The desk took such a notice. Repeating it changes nothing. */
    noteReturnTold: (notice: Parameters<typeof noteReturnTold>[1], effect: Omit<Effect, 'key'>): Promise<void> =>
      inTransaction(knex, (trx) => noteReturnTold(trx, notice, { timeline: [], ...effect })),

    /** Counts units of a return as paid back and put where they belong, and moves it on when that was all. */
    settleReturn: (returnId: string, done: SettledUnits): Promise<void> =>
      inTransaction(knex, (trx) => settleReturn(trx, parcels, returnId, done)),
  };
}

/** Which effect this is, and what the timeline says about it. */
export interface Effect {
  readonly key: string;
  readonly timeline?: readonly TimelineNote[];
  readonly traceId: string;
}

export type OrderBook = ReturnType<typeof createOrderBook>;
