import { CommerceError, isCommerceError } from '../../../platform/errors.ts';
import { derivedId } from '../../../platform/ids.ts';
import { rejectionCode } from '../../../systems/client-kit/failure.ts';
import { pageOf } from '../../../systems/client-kit/feed-page.ts';
import { articleNoOf, itemCodeOf } from '../../../systems/wms/article-number.ts';
import type { WmsClient } from '../../../systems/wms/client.ts';
import type { WmsDeliveryEvent } from '../../../systems/wms/wire.ts';
import { isCollected } from '../model.ts';
import type { NodeAnswer, NodeEvent, NodeSystem, NodeWork } from '../port.ts';

const PAGE = 200;

const KINDS: Readonly<Record<WmsDeliveryEvent['event'], NodeEvent['kind']>> = {
  RECEIVED: 'RECEIVED',
  ACCEPTED: 'ACCEPTED',
  PICKING: 'PICKING',
  PACKED: 'PACKED',
  PART_ISSUED: 'ISSUED',
  GOODS_ISSUED: 'ISSUED',
  STAGED: 'READY_FOR_PICKUP',
  COLLECTED: 'PICKED_UP',
  CANCELLED: 'CANCELLED',
  REFUSED: 'REFUSED',
  CANCELLATION_DENIED: 'CANCELLATION_DENIED',
};

/** Why we send work back, in the warehouse's words. */
const REASON_CODES: Readonly<Record<string, string>> = {
  OUT_OF_STOCK: 'NO_STOCK',
  DAMAGED: 'DAMAGED_GOODS',
  CAPACITY: 'NO_CAPACITY',
  INCORRECT_ADDRESS: 'BAD_ADDRESS',
  OTHER: 'OTHER',
};

/** Nodes that work with the warehouse system: our work is its outbound delivery, our location its site. */
export function wmsNodeSystem(wms: WmsClient): NodeSystem {
  const siteCodeOf = createSiteDirectory(wms);
  const ask = (call: () => Promise<unknown>): Promise<NodeAnswer> => answerOf(call());
  return {
    async release(work, signal) {
      const delivery = await wms.createDelivery(
        {
          externalRef: work.fulfillmentOrderId,
          site: await siteCodeOf(work.locationId, signal),
          shipTo: work.shipTo ? toAddress(work.shipTo) : null,
          service: work.serviceLevel ?? 'STANDARD',
          collect: isCollected(work.deliveryMethod),
          lines: work.lines.map((line) => ({
            lineRef: line.lineRef,
            articleNo: articleNoOf(line.sku),
            quantity: line.quantity,
            ...(line.set ? { setRef: line.set.ref, perSet: line.set.perSet } : {}),
          })),
        },
        { signal },
      );
      return { nodeReference: delivery.deliveryNo };
    },
    accept: (reference, signal) => ask(() => wms.acceptDelivery(reference, { signal })),
    reject: (reference, reason, signal) =>
      ask(() => wms.refuseDelivery(reference, REASON_CODES[reason] ?? 'OTHER', { signal })),
    confirmShipment: (reference, confirmation, signal) =>
      ask(() =>
        wms.confirmGoodsIssue(
          reference,
          {
            reference: confirmation.key,
            parcels: confirmation.packages.map((parcel) => ({
              carrierCode: parcel.carrier,
              trackingNo: parcel.trackingNumber,
              ...(parcel.sscc === null ? {} : { sscc: parcel.sscc }),
              ...(parcel.serviceLevel === null ? {} : { service: parcel.serviceLevel }),
              contents: parcel.lines,
            })),
          },
          { signal },
        ),
      ),
    markReadyForPickup: (reference, signal) => ask(() => wms.stageDelivery(reference, { signal })),
    completePickup: (reference, signal) => ask(() => wms.collectDelivery(reference, { signal })),
    async cancel(reference, signal) {
      let isOpen = false;
      const answer = await ask(async () => {
        isOpen = (await wms.cancelDelivery(reference, { signal })).status !== 'CANCELLED';
      });
      return answer.kind === 'done' && isOpen ? { kind: 'asked' } : answer;
    },
    putBack: (reference, signal) => ask(() => wms.unstageDelivery(reference, { signal })),
    async events(after, waitSeconds, signal) {
      const page = await wms.deliveryEvents({ after, limit: PAGE, waitSeconds }, { signal });
      return {
        ...pageOf(after, page.events.map(toNodeEvent), page.unreadable),
        isLast: page.events.length + page.unreadable.length < PAGE,
      };
    },
  };
}

/** Site codes by our location ids. Sites are few and hardly change: asked for again only when one is not known. */
function createSiteDirectory(wms: WmsClient): (locationId: string, signal: AbortSignal) => Promise<string> {
  let codes = new Map<string, string>();
  return async (locationId, signal) => {
    if (!codes.has(locationId))
      codes = new Map((await wms.sites({ signal })).map((site) => [derivedId('location', site.code), site.code]));
    const code = codes.get(locationId);
    if (!code)
      throw new CommerceError('SYSTEM_REJECTED', `the warehouse system has no site for location ${locationId}`, {
        locationId,
      });
    return code;
  };
}

function toAddress(address: NonNullable<NodeWork['shipTo']>) {
  return {
    // The warehouse prints a name on every label.
    addressee: address.name?.trim() || 'The recipient',
    street: address.line1,
    street2: address.line2 ?? null,
    city: address.city,
    region: address.region ?? null,
    postcode: address.postalCode ?? null,
    country: address.countryCode,
  };
}

function toNodeEvent(event: WmsDeliveryEvent): NodeEvent {
  const units = (content: { lineRef: string; articleNo: string; quantity: number }) => ({
    lineRef: content.lineRef,
    sku: itemCodeOf(content.articleNo) ?? content.articleNo,
    quantity: content.quantity,
  });
  return {
    position: event.eventNo,
    kind: KINDS[event.event],
    fulfillmentOrderId: event.externalRef,
    nodeReference: event.deliveryNo,
    occurredAt: event.at,
    reason: event.reasonCode,
    packages: event.parcels.map((parcel) => ({
      carrier: parcel.carrierCode,
      trackingNumber: parcel.trackingNo,
      sscc: parcel.sscc,
      lines: parcel.contents.map(units),
    })),
    issued: event.issued.map(units),
    short: event.shorts.map(units),
  };
}

/** A refusal that staff can act on is an answer; everything else is thrown. */
async function answerOf(call: Promise<unknown>): Promise<NodeAnswer> {
  try {
    await call;
    return { kind: 'done' };
  } catch (error) {
    switch (rejectionCode(error)) {
      case 'WRONG_STATUS':
      case 'PICKING_STARTED':
        return {
          kind: 'refused',
          reason: 'WRONG_STATUS',
          message: 'The node has gone on in the meantime. Read the work again.',
        };
      case 'QUANTITY_EXCEEDS_OPEN':
      case 'INSUFFICIENT_STOCK':
        return {
          kind: 'refused',
          reason: 'NOT_ENOUGH',
          message: 'The node does not have that many units of a line left.',
        };
      case 'PARCEL_KNOWN':
        return knownParcel(error);
      case 'UNKNOWN_LINE':
        return { kind: 'refused', reason: 'NOT_ENOUGH', message: 'Nothing of a line is open at the node any more.' };
      default:
        throw error;
    }
  }
}

/** The warehouse names the parcel's number that it has already: `parcels.0.sscc`. */
function knownParcel(error: unknown): NodeAnswer {
  const fields = isCommerceError(error) ? String(error.details.fields ?? '') : '';
  const [, parcel, number] = /^parcels\.(\d+)\.(sscc|trackingNo)$/.exec(fields) ?? [];
  const base = { kind: 'refused', reason: 'INVALID' } as const;
  if (parcel === undefined)
    return { ...base, message: 'A package with a tracking number or SSCC of these left before. Give it its own.' };
  if (number === 'sscc')
    return { ...base, at: [parcel, 'sscc'], message: 'A package with this SSCC left before. Give this one its own, or none: then the node does.' }; // biome-ignore format: one thought
  return { ...base, at: [parcel, 'trackingNumber'], message: 'A package of this carrier with this tracking number left before.' }; // biome-ignore format: one thought
}
