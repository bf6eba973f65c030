import { CommerceError } from '../../../platform/errors.ts';
import { isCollected } from '../model.ts';
import type {
  CarrierScan,
  CarrierSystem,
  NodeAnswer,
  NodeAudit,
  NodeEvent,
  NodeSystem,
  NodeWork,
  NodeWorkRecord,
} from '../port.ts';

type Stage = 'RECEIVED' | 'ACCEPTED' | 'READY' | 'DONE' | 'REFUSED' | 'CANCELLED';

interface MemoryWork {
  readonly work: NodeWork;
  readonly reference: string;
  stage: Stage;
  left: Map<string, number>;
}

/** A node that forgets when the process ends. Does nothing by itself: staff acts through the port. */
export function memoryNodeSystem(now: () => Date = () => new Date()): NodeSystem & NodeAudit {
  const byId = new Map<string, MemoryWork>();
  const byReference = new Map<string, MemoryWork>();
  const confirmed = new Set<string>();
  const parcels = new Set<string>();
  const events: NodeEvent[] = [];

  const tell = (item: MemoryWork, kind: NodeEvent['kind'], more: Partial<NodeEvent> = {}) => {
    const base = { reason: null, packages: [], issued: [], short: [] };
    events.push({
      ...base,
      ...more,
      position: events.length + 1,
      kind,
      fulfillmentOrderId: item.work.fulfillmentOrderId,
      nodeReference: item.reference,
      occurredAt: now(),
    });
  };
  const wrong: NodeAnswer = {
    kind: 'refused',
    reason: 'WRONG_STATUS',
    message: 'The node has gone on in the meantime.',
  };
  const done: NodeAnswer = { kind: 'done' };
  const step = (
    reference: string,
    from: Stage,
    to: Stage,
    kind: NodeEvent['kind'],
    more: (item: MemoryWork) => Partial<NodeEvent> = () => ({}),
  ): NodeAnswer => {
    const item = byReference.get(reference);
    if (item?.stage === to) return done;
    if (item?.stage !== from) return wrong;
    item.stage = to;
    tell(item, kind, more(item));
    return done;
  };
  const everything = (item: MemoryWork) =>
    item.work.lines.map(({ lineRef, sku, quantity }) => ({ lineRef, sku, quantity }));

  return {
    async release(work) {
      const known = byId.get(work.fulfillmentOrderId);
      if (known) return { nodeReference: known.reference };
      const item: MemoryWork = {
        work,
        reference: `NODE-${byId.size + 1}`,
        stage: 'RECEIVED',
        left: new Map(work.lines.map((line) => [line.lineRef, line.quantity])),
      };
      byId.set(work.fulfillmentOrderId, item);
      byReference.set(item.reference, item);
      tell(item, 'RECEIVED');
      return { nodeReference: item.reference };
    },
    async accept(reference) {
      const stage = byReference.get(reference)?.stage;
      if (stage === 'READY' || stage === 'DONE') return done; // it has gone on since
      return step(reference, 'RECEIVED', 'ACCEPTED', 'ACCEPTED');
    },
    reject: async (reference, reason) => step(reference, 'RECEIVED', 'REFUSED', 'REFUSED', () => ({ reason })),
    async confirmShipment(reference, { key, packages }) {
      if (confirmed.has(key)) return done;
      const item = byReference.get(reference);
      if (item?.stage !== 'ACCEPTED' || isCollected(item.work.deliveryMethod)) return wrong;
      const skuOf = new Map(item.work.lines.map((line) => [line.lineRef, line.sku]));
      const left = new Map(item.left);
      for (const line of packages.flatMap((parcel) => parcel.lines)) {
        const remaining = (left.get(line.lineRef) ?? 0) - line.quantity;
        if (remaining < 0)
          return {
            kind: 'refused',
            reason: 'NOT_ENOUGH',
            message: 'The node does not have that many units of a line left.',
          };
        left.set(line.lineRef, remaining);
      }
      for (const [index, parcel] of packages.entries())
        for (const [name, number] of numbersOf(parcel))
          if (parcels.has(number))
            return { kind: 'refused', reason: 'INVALID', at: [String(index), name], message: `A package with this ${name} left before.` }; // biome-ignore format: one thought
      for (const [, number] of packages.flatMap(numbersOf)) parcels.add(number);
      confirmed.add(key);
      item.left = left;
      if ([...left.values()].every((units) => units === 0)) item.stage = 'DONE';
      const withSku = packages.map((parcel) => ({
        ...parcel,
        lines: parcel.lines.map((line) => ({ ...line, sku: skuOf.get(line.lineRef) ?? '' })),
      }));
      tell(item, 'ISSUED', { packages: withSku, issued: withSku.flatMap((parcel) => parcel.lines) });
      return done;
    },
    async markReadyForPickup(reference) {
      const item = byReference.get(reference);
      if (!item || !isCollected(item.work.deliveryMethod)) return wrong;
      if (item.stage === 'DONE') return done; // it has gone on since
      return step(reference, 'ACCEPTED', 'READY', 'READY_FOR_PICKUP');
    },
    completePickup: async (reference) =>
      step(reference, 'READY', 'DONE', 'PICKED_UP', (item) => {
        item.left = new Map();
        return { issued: everything(item) };
      }),
    cancel: async (reference) => {
      const item = byReference.get(reference);
      const begun = item?.work.lines.some((line) => item.left.get(line.lineRef) !== line.quantity);
      return step(reference, item?.stage === 'ACCEPTED' && !begun ? 'ACCEPTED' : 'RECEIVED', 'CANCELLED', 'CANCELLED');
    },
    putBack: async (reference) => step(reference, 'READY', 'CANCELLED', 'CANCELLED'),
    async works(cursor, limit) {
      const all = [...byId.values()];
      const begin = Number(cursor ?? 0);
      return {
        records: all.slice(begin, begin + limit).map(toRecord),
        next: begin + limit < all.length ? String(begin + limit) : null,
      };
    },
    has: async (fulfillmentOrderId) => byId.has(fulfillmentOrderId),
    async events(after) {
      const entries = events.filter((event) => event.position > after);
      return { entries, next: entries.at(-1)?.position ?? after };
    },
  };
}

const numbersOf = ({
  carrier,
  trackingNumber,
  sscc,
}: {
  carrier: string;
  trackingNumber: string;
  sscc: string | null;
}) =>
  [['trackingNumber', `${carrier} ${trackingNumber}`], ...(sscc === null ? [] : [['sscc', sscc] as const])] as const;

function toRecord({ work, reference, stage, left }: MemoryWork): NodeWorkRecord {
  const isGivenBack = stage === 'REFUSED' || stage === 'CANCELLED';
  return {
    fulfillmentOrderId: work.fulfillmentOrderId,
    nodeReference: reference,
    isOver: stage === 'DONE' || isGivenBack,
    lines: isGivenBack
      ? null
      : work.lines.map(({ lineRef, quantity }) => ({ lineRef, issued: quantity - (left.get(lineRef) ?? 0), short: 0 })),
  };
}

/** A carrier whose scans a test writes. */
export function memoryCarrier(): CarrierSystem & { scan(scan: Omit<CarrierScan, 'eventId'>): void } {
  const scans: CarrierScan[] = [];
  const labels = new Map<string, { print: string; trackingNumber: string }>();
  return {
    async issueReturnLabel(wish) {
      const print = JSON.stringify(wish);
      const label = labels.get(wish.key) ?? { print, trackingNumber: `R${labels.size + 1}` };
      if (label.print !== print) throw new CommerceError('SYSTEM_REJECTED', 'the key was used for another label');
      labels.set(wish.key, label);
      return { carrier: 'UPS', trackingNumber: label.trackingNumber };
    },
    scan: (scan) => void scans.push({ ...scan, eventId: String(scans.length + 1) }),
    async scans(after) {
      return {
        entries: scans.map((one, index) => ({ ...one, position: index + 1 })).slice(after),
        next: Math.max(after, scans.length),
      };
    },
  };
}
