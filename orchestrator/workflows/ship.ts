import { CommerceError } from '../../platform/errors.ts';
import { clearDocument } from '../clear-document.ts';
import { dispatchEffect, shippedUnits } from '../dispatch.ts';
import { durableStep, type RunStep } from '../durable.ts';
import { documentLine, isPaidBack, isPaidFor } from '../invoicing.ts';
import type { OrchestratorDeps } from '../port.ts';

export interface ShipInput {
  readonly shipmentId: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly traceId: string;
}

/** A line as it was billed: plain strings, because the result of a step is stored. */
interface BilledLine {
  readonly lineId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly netMinor: string;
  readonly taxMinor: string;
}

/** Goods left a node: the order says so, the desk is told, the ERP invoices what was shipped. */
export async function ship(deps: OrchestratorDeps, input: ShipInput): Promise<void> {
  const { shipmentId, orderId, traceId } = input;
  const step: RunStep = (options, run) => durableStep(deps, input, options, run);

  const billed = await step({ name: 'mark-shipped', system: 'commerce' }, () => markShipped(deps, input));

  await step({ name: 'confirm-shipment', system: 'oms' }, async (signal) => {
    if (!deps.desk.takes.has('SHIPMENT')) return;
    const shipment = await readShipment(deps, shipmentId);
    await deps.desk.confirmShipment(
      {
        noticeId: shipmentId,
        orderId,
        lines: shippedUnits(shipment),
        packages: shipment.packages,
      },
      signal,
    );
    await deps.orders.note(orderId, {
      key: `confirm:${shipmentId}`,
      traceId,
      timeline: [{ type: 'SHIPMENT_CONFIRMED', system: 'oms', message: 'The order desk was told of the shipment' }],
    });
  });

  const invoice = await step({ name: 'post-invoice', system: 'erp' }, async (signal) => {
    const booked = await readOrder(deps, orderId);
    const paid = isPaidFor(booked.order);
    const { invoiceId, number } = await deps.finance.postInvoice(
      {
        key: `${shipmentId}:invoice`,
        orderId,
        orderNumber: booked.order.number,
        channelCode: booked.order.channel.code,
        customerId: booked.order.customerId,
        currencyCode: booked.order.currencyCode,
        lines: billed.map((line) => ({ ...line, netMinor: BigInt(line.netMinor), taxMinor: BigInt(line.taxMinor) })),
        paid,
        traceId,
      },
      signal,
    );
    await deps.orders.note(orderId, {
      key: `invoice:${shipmentId}`,
      traceId,
      timeline: [{ type: 'INVOICE_POSTED', system: 'erp', message: `Invoice ${number} posted` }],
    });
    return { invoiceId, number, paid };
  });
  if (!invoice.paid) return;

  await clearDocument(deps, step, invoice.invoiceId);
  await step({ name: 'mark-paid', system: 'commerce' }, async () => {
    const effect = {
      key: `paid:${shipmentId}`,
      traceId,
      timeline: [
        {
          type: 'PAYMENT_COLLECTED',
          system: 'erp',
          message: `Invoice ${invoice.number} paid with the authorised money`,
        },
      ],
    };
    if (isPaidBack((await readOrder(deps, orderId)).order)) await deps.orders.note(orderId, effect);
    else await deps.orders.setPaymentStatus(orderId, 'PAID', effect);
  });
}

/** Moves the units and works out what to bill for them. Running it again gives the same bill. */
async function markShipped(deps: OrchestratorDeps, { shipmentId, orderId, traceId }: ShipInput): Promise<BilledLine[]> {
  const shipment = await readShipment(deps, shipmentId);
  const changed = await deps.orders.ship(
    orderId,
    shippedUnits(shipment),
    await dispatchEffect(deps, shipment, traceId),
  );
  const { taxIncluded } = (await readOrder(deps, orderId)).order;
  const lineOf = new Map(changed.lines.map((line) => [line.id, line]));
  return shipment.lines.flatMap(({ lineId, sku, quantity, shippedBefore }) => {
    const line = lineOf.get(lineId);
    if (!line) return [];
    const { netMinor, taxMinor } = documentLine(line, quantity, taxIncluded, shippedBefore);
    return [{ lineId, sku, quantity, netMinor: netMinor.toString(), taxMinor: taxMinor.toString() }];
  });
}

async function readOrder(deps: OrchestratorDeps, orderId: string) {
  const booked = await deps.orders.read(orderId);
  if (!booked) throw new CommerceError('NOT_FOUND', 'the order is gone', { orderId });
  return booked;
}

async function readShipment(deps: OrchestratorDeps, shipmentId: string) {
  const shipment = await deps.fulfillment.readShipment(shipmentId);
  if (!shipment) throw new CommerceError('NOT_FOUND', 'the shipment is not recorded', { shipmentId });
  return shipment;
}
