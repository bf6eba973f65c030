import DataLoader from 'dataloader';
import { inKeyOrder } from '../../platform/batch.ts';
import { type Caller, maySee } from '../../platform/caller.ts';
import {
  type FulfillmentOrder,
  type FulfillmentOrderLine,
  isCollected,
  type Package,
  type PackageLine,
  type Shipment,
  type TrackingEvent,
} from './model.ts';
import type { FulfillmentReader } from './read.ts';

const many = <Value>(name: string, read: (keys: readonly string[]) => Promise<Map<string, Value[]>>) =>
  new DataLoader<string, Value[]>(async (keys) => inKeyOrder(keys, await read(keys)).map((values) => values ?? []), {
    name,
    maxBatchSize: 500,
  });

/** Fresh for every request: the cache must not outlive the caller's rights. */
export function createFulfillmentLoaders(reader: FulfillmentReader, caller: Caller) {
  const visibleWork = (work: FulfillmentOrder) => mayWorkOn(caller, work);
  // A shipment that was handed over in a store has no packages and was delivered when it left.
  const visibleShipment = (shipment: Shipment) =>
    maySee(caller, {
      channelCode: shipment.channelCode,
      customerId: shipment.customerId,
      collected: shipment.deliveredAt?.getTime() === shipment.shippedAt.getTime(),
    });
  return {
    work: new DataLoader<string, FulfillmentOrder | null>(
      async (ids) =>
        inKeyOrder(ids, await reader.workById(ids)).map((work) => (work && visibleWork(work) ? work : null)),
      { name: 'fulfillmentOrder.byId', maxBatchSize: 500 },
    ),
    workByOrder: many<FulfillmentOrder>('fulfillmentOrder.byOrder', async (ids) =>
      filterValues(await reader.workByOrder(ids), visibleWork),
    ),
    successorsByWork: many<string>('fulfillmentOrder.successors', reader.successorsByWork),
    linesByWork: many<FulfillmentOrderLine>('fulfillmentOrderLine.byWork', reader.linesByWork),
    shipments: new DataLoader<string, Shipment | null>(
      async (ids) =>
        inKeyOrder(ids, await reader.shipmentsById(ids)).map((shipment) =>
          shipment && visibleShipment(shipment) ? shipment : null,
        ),
      { name: 'shipment.byId', maxBatchSize: 500 },
    ),
    shipmentsByOrder: many<Shipment>('shipment.byOrder', async (ids) =>
      filterValues(await reader.shipmentsByOrder(ids), visibleShipment),
    ),
    shipmentsByWork: many<Shipment>('shipment.byWork', reader.shipmentsByWork),
    packagesByShipment: many<Package>('package.byShipment', reader.packagesByShipment),
    linesByPackage: many<PackageLine>('packageLine.byPackage', reader.linesByPackage),
    trackingByPackage: many<TrackingEvent>('trackingEvent.byPackage', reader.trackingByPackage),
  };
}

export function mayWorkOn(caller: Caller, work: FulfillmentOrder): boolean {
  return maySee(caller, {
    channelCode: work.channelCode,
    customerId: work.customerId,
    collected: isCollected(work.deliveryMethod),
  });
}

function filterValues<Value>(groups: Map<string, Value[]>, keep: (value: Value) => boolean): Map<string, Value[]> {
  return new Map([...groups].map(([key, values]) => [key, values.filter(keep)]));
}

export type FulfillmentLoaders = ReturnType<typeof createFulfillmentLoaders>;
