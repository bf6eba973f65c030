import type { BookedOrder, ChangedOrder, OrchestratorDeps } from '../../orchestrator/port.ts';
import type { OrderSources } from '../../orchestrator/ports/stock.ts';
import { CommerceError } from '../../platform/errors.ts';
import { money } from '../../platform/money.ts';

/** One call of a port: `desk.register`, and what it got, without the signal. */
export interface PortCall {
  readonly port: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what was handed over
  readonly args: readonly any[];
}

type Shipment = NonNullable<Awaited<ReturnType<OrchestratorDeps['fulfillment']['readShipment']>>>;

/** An accepted order of WEB over five lanterns at EAST and two candles, of which one is at WEST and one is not there. */
export function bookedOrder(orderId: string, overrides: Partial<BookedOrder['order']> = {}): BookedOrder {
  const none = { backordered: 0, allocated: 0, inFulfillment: 0, inTransit: 0, delivered: 0 };
  const rest = { ...none, lost: 0, cancelled: 0, returned: 0 };
  const line = (id: string, sku: string, unit: bigint, ordered: number, backordered: number) => ({
    id,
    sku,
    unitPrice: money(unit, 'GBP'),
    total: money(unit * BigInt(ordered), 'GBP'),
    tax: money((unit * BigInt(ordered)) / 6n, 'GBP'),
    quantities: { ...rest, ordered, backordered, unsourced: ordered - backordered },
  });
  return {
    order: {
      id: orderId,
      number: '100001',
      status: 'VALIDATED',
      channel: { code: 'WEB', kind: 'STOREFRONT' },
      channelOrderId: null,
      customerId: 'cust_1',
      currencyCode: 'GBP',
      taxIncluded: true,
      deliveryMethod: 'SHIPPING',
      serviceLevel: null,
      shippingAddress: { name: 'Ada', line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' },
      paymentStatus: 'AUTHORIZED',
      ...overrides,
    },
    lines: [line('l1', 'LANTERN', 339n, 5, 0), line('l2', 'CANDLE', 255n, 2, 1)],
    holds: [],
  };
}

/** Where the units of such an order are committed. */
export const bookedSources: OrderSources = {
  nodes: ['EAST', 'WEST', 'PARTNER'].map((code, priority) => ({ locationId: code, code, priority })),
  own: [
    { lineId: 'l1', sku: 'LANTERN', locationId: 'EAST', quantity: 5 },
    { lineId: 'l2', sku: 'CANDLE', locationId: 'WEST', quantity: 1 },
  ],
  free: [],
  waiting: [],
  most: [],
};

/** The domains and systems around the orchestrator: they note every call, answer plainly, and fail when told to. */
/** When the goods of every order here are to leave. */
export const SHIP_BY = new Date('2026-11-25T09:00:00Z');

export function orchestratorPorts() {
  const calls: PortCall[] = [];
  const failures = new Map<string, unknown[]>();
  const orders = new Map<string, BookedOrder>();
  const shipments = new Map<string, Shipment>();
  const sources = new Map<string, OrderSources>();
  const work = new Map<string, Awaited<ReturnType<OrchestratorDeps['fulfillment']['workOf']>>>();
  const withdrawals = new Map<string, Awaited<ReturnType<OrchestratorDeps['fulfillment']['withdrawalOf']>>>();
  const submitted = new Set<string>();
  const registered = new Set<string>();
  /** What the desk takes. */
  const deskTakes = new Set<'SHIPMENT' | 'CANCELLATION' | 'RETURN'>(['SHIPMENT', 'CANCELLATION', 'RETURN']);
  /** What the desk is to be told of units that came back, and was not yet. */
  const untold: Awaited<ReturnType<OrchestratorDeps['orders']['untoldReturns']>>[number][] = [];
  const opened = new Map<string, Parameters<OrchestratorDeps['fulfillment']['open']>[0]>();

  /** Notes the call, then fails with the next failure that was planned for the port, if any. */
  const note = (port: string, args: readonly unknown[]) => {
    calls.push({ port, args: args.filter((arg) => !(arg instanceof AbortSignal)) });
    const failure = failures.get(port)?.shift();
    if (failure !== undefined) throw failure;
  };
  const changing =
    (port: string) =>
    async (orderId: string, ...args: readonly unknown[]): Promise<ChangedOrder> => {
      note(port, [orderId, ...args]);
      return { applied: true, lines: orders.get(orderId)?.lines ?? [] };
    };
  const at = (workId: string) => {
    const [key = '', index] = workId.split('#');
    const request = opened.get(key);
    const group = request?.groups[Number(index)];
    if (!request || !group) throw new CommerceError('NOT_FOUND', 'no such work');
    return { request, group };
  };

  const deps: OrchestratorDeps = {
    sourcing: { zones: {}, nodes: {}, rules: [] },
    orders: {
      read: async (orderId) => orders.get(orderId) ?? null,
      accept: changing('orders.accept'),
      allocate: changing('orders.allocate'),
      startFulfillment: changing('orders.startFulfillment'),
      handBack: changing('orders.handBack'),
      backorder: changing('orders.backorder'),
      ship: changing('orders.ship'),
      countShipment: changing('orders.countShipment'),
      noteTakenIn: async (...args) => note('orders.noteTakenIn', args),
      cancelHandedBack: changing('orders.cancelHandedBack'),
      cancelUnavailable: async (...args) => note('orders.cancelUnavailable', args),
      keepUnits: async (...args) => note('orders.keepUnits', args),
      setPaymentStatus: changing('orders.setPaymentStatus'),
      note: changing('orders.note'),
      recordReturnLabel: async (...args) => note('orders.recordReturnLabel', args),
      returnParcelMoved: async (...args) => note('orders.returnParcelMoved', args),
      isPaidBack: async () => false,
      shipBy: async () => SHIP_BY,
      settleReturn: async (...args) => note('orders.settleReturn', args),
      untoldReturns: async (orderId) => untold.filter((notice) => notice.orderId === orderId),
      async noteReturnTold(...args) {
        note('orders.noteReturnTold', args);
        const index = untold.findIndex(({ noticeId }) => noticeId === args[0].noticeId);
        if (index >= 0) untold.splice(index, 1);
      },
    },
    desk: {
      takes: deskTakes,
      find: async (orderId) => (registered.has(orderId) ? { orderId } : null),
      async register(order, signal) {
        note('desk.register', [order, signal]);
        registered.add(order.orderId);
        return { deskNumber: 'D1', acknowledgedAt: new Date('2026-11-23T09:00:00Z') };
      },
      confirmShipment: async (...args) => note('desk.confirmShipment', args),
      cancel: async (...args) => note('desk.cancel', args),
      noteReturn: async (...args) => note('desk.noteReturn', args),
    },
    fulfillment: {
      async open(request) {
        note('fulfillment.open', [request]);
        opened.set(request.key, request);
        return request.groups.map((_, index) => `${request.key}#${index}`);
      },
      async submit(fulfillmentOrderId) {
        note('fulfillment.submit', [fulfillmentOrderId]);
        submitted.add(fulfillmentOrderId);
        const { request, group } = at(fulfillmentOrderId);
        return {
          fulfillmentOrderId,
          orderId: request.orderId,
          locationId: group.locationId,
          deliveryMethod: 'SHIPPING',
          serviceLevel: null,
          lines: group.lines.map(({ lineId, sku, quantity }) => ({
            lineRef: lineId,
            orderLineId: lineId,
            sku,
            quantity,
          })),
        };
      },
      unsubmitted: async (orderId) =>
        [...opened.values()].flatMap(({ key, orderId: of, groups }) =>
          of === orderId ? groups.map((_, index) => `${key}#${index}`).filter((id) => !submitted.has(id)) : [],
        ),
      nodeReferenceOf: async (fulfillmentOrderId) => `N-${fulfillmentOrderId}`,
      async withdrawUnits(orderId, request) {
        note('fulfillment.withdrawUnits', [orderId, request]);
        return request.lines.reduce((sum, line) => sum + line.quantity, 0);
      },
      async refuseWithdrawal(...args) {
        note('fulfillment.refuseWithdrawal', args);
        return { key: 'request-1', units: 2 };
      },
      withdrawalOf: async (fulfillmentOrderId) => withdrawals.get(fulfillmentOrderId) ?? null,
      workOf: async (orderId) => work.get(orderId) ?? { open: [], gaveBack: [] },
      workToday: async () => new Map(),
      expectReturnParcel: async (...args) => note('fulfillment.expectReturnParcel', args),
      readShipment: async (shipmentId) => shipments.get(shipmentId) ?? null,
    },
    stock: {
      async reassign(request) {
        note('stock.reassign', [request]);
        return request.lines.map(({ lineId, quantity }) => ({ lineId, locationId: 'WEST', quantity }));
      },
      componentsOf: async () => new Map(),
      sourcesOf: async (orderId) => sources.get(orderId) ?? bookedSources,
      codeOf: async (locationId) => locationId,
      async nextWaiting(sku, after) {
        const queue = [...sources].map(([orderId, { waiting, free }], index) => ({
          orderId,
          since: String(index),
          isServable: waiting.some((one) => one.sku === sku) && free.length > 0,
        }));
        return queue.find((one) => one.isServable && Number(one.since) > Number(after?.since ?? -1)) ?? null;
      },
      async move(request) {
        note('stock.move', [request]);
        return true;
      },
      release: async (...args) => note('stock.release', args),
      assignWork: async (...args) => note('stock.assignWork', args),
      returnToStock: async (...args) => note('stock.returnToStock', args),
      putAside: async (...args) => note('stock.putAside', args),
    },
    warehouse: {
      async release(work, signal) {
        note('warehouse.release', [work, signal]);
        return { nodeReference: `N-${work.locationId}` };
      },
      async cancel(...args) {
        note('warehouse.cancel', args);
        return { kind: 'done' };
      },
      async putBack(...args) {
        note('warehouse.putBack', args);
        return { kind: 'done' };
      },
    },
    carrier: {
      async issueReturnLabel(...args) {
        note('carrier.issueReturnLabel', args);
        return { carrier: 'UPS', trackingNumber: 'R1' };
      },
    },
    finance: {
      async postInvoice(document, signal) {
        note('finance.postInvoice', [document, signal]);
        return { invoiceId: 'inv_1', number: 'B1' };
      },
      async postCreditMemo(document, signal) {
        note('finance.postCreditMemo', [document, signal]);
        return { creditMemoId: 'inv_2', number: 'G1' };
      },
      async clear(documentId, signal) {
        note('finance.clear', [documentId, signal]);
        return true;
      },
    },
    exceptions: {
      raise: async (...args) => note('exceptions.raise', args),
      resolve: async (...args) => note('exceptions.resolve', args),
    },
  };
  return {
    deps,
    deskTakes,
    untold,
    calls,
    orders,
    shipments,
    sources,
    work,
    withdrawals,
    /** Lets the next calls of a port fail, one failure each. */
    failNext: (port: string, ...errors: readonly unknown[]) => failures.set(port, [...errors]),
    of: (port: string) => calls.filter((call) => call.port === port),
  };
}

export type OrchestratorPorts = ReturnType<typeof orchestratorPorts>;
