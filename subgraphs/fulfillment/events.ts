import type { Knex } from 'knex';
import { type NewEvent, writeEvents } from '../../events/outbox.ts';
import type { Caller } from '../../platform/caller.ts';
import { query } from '../../platform/db/query.ts';
import { newId } from '../../platform/ids.ts';
import { type FulfillmentOrder, type FulfillmentOrderLine, remainingUnits, type Shipment } from './model.ts';
import type {
  FulfillmentOrderStatus,
  FulfillmentRequestStatus,
  FulfillmentTransition,
  ShipmentStatus,
} from './states.ts';

/** Units of one order line, by the order's own line id. */
export interface Units {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
}

/** Units that a node gave back. */
export interface HandedBack extends Units {
  /** Of bundles: units of components that left the node all the same, without the rest. */
  readonly loose?: readonly { readonly sku: string; readonly quantity: number }[];
}

/** Longest reason that an event carries. */
const MAX_REASON = 255;

/** Where a change leads work. */
export interface NextState {
  readonly status: FulfillmentOrderStatus;
  readonly requestStatus: FulfillmentRequestStatus;
  readonly nodeReference?: string;
  readonly rejectReason?: string | null;
  /** The work that took its units. */
  readonly mergedInto?: string;
  /** When it happened at the node; left out for what happens here. */
  readonly happenedAt?: Date;
}

/** Moves work to another state and tells it. The caller holds the row's lock. */
export async function changeWork(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  next: NextState,
  lines: readonly FulfillmentOrderLine[],
  handedBack: readonly HandedBack[] = [],
): Promise<void> {
  await query(
    trx,
    `update fulfillment.fulfillment_order set status = ?, request_status = ?, revision = revision + 1, updated_at = clock_timestamp(),
       node_reference = coalesce(?, node_reference), reject_reason = coalesce(?, reject_reason) where id = ?`,
    [next.status, next.requestStatus, next.nodeReference ?? null, next.rejectReason ?? null, work.id],
  );
  await writeEvents(trx, [workChangedEvent(work, next, lines, handedBack)]);
}

/** The event of work's next state. @param lines as they are then */
export function workChangedEvent(
  work: FulfillmentOrder,
  next: NextState,
  lines: readonly FulfillmentOrderLine[],
  handedBack: readonly HandedBack[],
): NewEvent {
  const finished = next.status === 'CLOSED' || next.status === 'CANCELLED';
  return {
    type: 'fulfillment-order-changed.v1',
    subject: work.id,
    version: work.revision + 1,
    channelCode: work.channelCode,
    traceId: work.traceId,
    data: {
      fulfillmentOrderId: work.id,
      orderId: work.orderId,
      locationId: work.locationId,
      previousStatus: work.revision === 0 ? null : work.status,
      status: next.status,
      previousRequestStatus: work.revision === 0 ? null : work.requestStatus,
      requestStatus: next.requestStatus,
      lines: finished
        ? []
        : lines.flatMap((line) =>
            remainingUnits(line) > 0 ? [{ lineId: line.orderLineId, quantity: remainingUnits(line) }] : [],
          ),
      handedBack,
      ...(next.mergedInto === undefined ? {} : { mergedInto: next.mergedInto }),
      ...(next.rejectReason ? { reason: next.rejectReason.slice(0, MAX_REASON) } : {}),
      ...(next.happenedAt === undefined ? {} : { happenedAt: next.happenedAt.toISOString() }),
    },
  };
}

/** What a person asked for, as the order's timeline tells it. */
export interface WorkCommand {
  readonly command: FulfillmentTransition;
  readonly reason?: string | undefined;
  readonly askedAt: Date;
  readonly units?: number | undefined;
  readonly targetLocationId?: string | undefined;
  readonly fulfilAt?: string | undefined;
  /** Pieces of work that are joined to this one. */
  readonly merged?: number | undefined;
}

/** Tells that a person asked for something. @param trx the transaction in which it is done, or known to be */
export async function tellCommand(
  trx: Knex.Transaction,
  caller: Pick<Caller, 'clientId' | 'traceId'>,
  work: FulfillmentOrder,
  { askedAt, reason, ...command }: WorkCommand,
): Promise<void> {
  const commandId = newId('workCommand');
  await writeEvents(trx, [
    {
      type: 'fulfillment-order-commanded.v1',
      subject: commandId,
      version: 1,
      channelCode: work.channelCode,
      traceId: caller.traceId,
      data: {
        commandId,
        fulfillmentOrderId: work.id,
        orderId: work.orderId,
        locationId: work.locationId,
        by: caller.clientId,
        askedAt: askedAt.toISOString(),
        ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_REASON) }),
        ...command,
      },
    },
  ]);
}

/** The event of a shipment's new status. `version` counts all events of the shipment; `happenedAt` is the carrier's time, or the node's. */
export function shipmentStatusEvent(
  shipment: Pick<Shipment, 'id' | 'orderId' | 'customerId' | 'channelCode'>,
  version: number,
  previousStatus: ShipmentStatus | null,
  status: ShipmentStatus,
  traceId: string,
  happenedAt: Date,
): NewEvent {
  return {
    type: 'shipment-status-changed.v1',
    subject: shipment.id,
    version,
    channelCode: shipment.channelCode,
    traceId,
    data: {
      shipmentId: shipment.id,
      orderId: shipment.orderId,
      customerId: shipment.customerId,
      previousStatus,
      status,
      happenedAt: happenedAt.toISOString(),
    },
  };
}

/** The event of a parcel that ended, or goes back, while its shipment's status stays. `version` and `happenedAt` as above. */
export function parcelEndedEvent(
  shipment: Pick<Shipment, 'id' | 'orderId' | 'channelCode'>,
  version: number,
  packageId: string,
  status: ShipmentStatus,
  traceId: string,
  happenedAt: Date,
): NewEvent {
  return {
    type: 'shipment-parcel-ended.v1',
    subject: shipment.id,
    version,
    channelCode: shipment.channelCode,
    traceId,
    data: {
      shipmentId: shipment.id,
      orderId: shipment.orderId,
      packageId,
      status,
      happenedAt: happenedAt.toISOString(),
    },
  };
}
