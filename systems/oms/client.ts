import type { z } from 'zod';
import { about } from '../client-kit/about.ts';
import type { CallOptions, FeedPosition } from '../client-kit/call-options.ts';
import { rejectionCode } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';
import {
  type CancellationNotice,
  type DeskOrder,
  type DeskOrderFeed,
  type DeskOrderRequest,
  type DispatchNotice,
  deskOrder,
  deskOrderFeed,
  type MarketplaceOrderRequest,
  type ReturnNotice,
} from './wire.ts';

/** Where a reader of the feed stands, and whose orders it reads. */
export interface OmsFeedPosition extends FeedPosition {
  /** Only orders of this origin, e.g. MARKETPLACE to import them. All when left out. */
  readonly origin?: DeskOrder['origin'];
}

/**
 * The order desk as its callers see it. Every failure is a CommerceError, see {@link createSystemClient}; codes of
 * refusals are named per call. Every write is recognised by its reference: it is repeated safely.
 */
export interface OmsClient {
  /** Refusals: REFERENCE_REUSED, CHANNEL_ORDER_KNOWN, POSITIONS_DIFFER. */
  registerOrder(request: DeskOrderRequest, options?: CallOptions): Promise<DeskOrder>;
  /** Null when the desk has no order with this reference. */
  findByClientRef(clientRef: string, options?: CallOptions): Promise<DeskOrder | null>;
  /** Null when there is no such order. */
  findByDeskNo(deskNo: string, options?: CallOptions): Promise<DeskOrder | null>;
  /** Orders changed after a number, each in its newest state. May hold duplicates and come in any order: go by `changeNo`. */
  orderChanges(position: OmsFeedPosition, options?: CallOptions): Promise<DeskOrderFeed>;
  /** Refusals: UNKNOWN_DESK_ORDER, REFERENCE_REUSED, UNKNOWN_POSITION, MORE_THAN_OPEN. */
  noteDispatch(deskNo: string, notice: DispatchNotice, options?: CallOptions): Promise<DeskOrder>;
  /** Refusals: as for a dispatch, and NOTHING_OPEN. */
  noteCancellation(deskNo: string, notice: CancellationNotice, options?: CallOptions): Promise<DeskOrder>;
  /** Refusals: as for a dispatch. */
  noteReturn(deskNo: string, notice: ReturnNotice, options?: CallOptions): Promise<DeskOrder>;
  /** Refusals: UNKNOWN_DESK_ORDER, NOT_DISPATCHED. */
  complete(deskNo: string, options?: CallOptions): Promise<DeskOrder>;
  /** What a marketplace does, for samples and tests. Refusals: REFERENCE_REUSED. */
  leaveMarketplaceOrder(request: MarketplaceOrderRequest, options?: CallOptions): Promise<DeskOrder>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
}

export function createOmsClient(options: SystemClientOptions): OmsClient {
  const system = createSystemClient('OMS', options);
  const pathOf = (deskNo: string) => `/desk-orders/${encodeURIComponent(deskNo)}`;

  const write = (path: string, body: unknown, answer: z.ZodType<DeskOrder>, callOptions: CallOptions | undefined) =>
    system.call({ ...callOptions, method: 'POST', path, body, answer, repeatable: true });
  const note = (deskNo: string, what: string, body: unknown, callOptions: CallOptions | undefined) =>
    write(`${pathOf(deskNo)}/${what}`, body, about(deskOrder, 'deskNo', deskNo), callOptions);
  const find = async (path: string, answer: z.ZodType<DeskOrder>, callOptions: CallOptions | undefined) => {
    try {
      return await system.call({ ...callOptions, method: 'GET', path, answer, repeatable: true });
    } catch (error) {
      if (rejectionCode(error) === 'UNKNOWN_DESK_ORDER') return null;
      throw error;
    }
  };

  return {
    registerOrder: (request, callOptions) =>
      write('/desk-orders', request, about(deskOrder, 'clientRef', request.clientRef), callOptions),
    findByClientRef: (clientRef, callOptions) =>
      find(
        `/desk-orders/by-reference/${encodeURIComponent(clientRef)}`,
        about(deskOrder, 'clientRef', clientRef),
        callOptions,
      ),
    findByDeskNo: (deskNo, callOptions) => find(pathOf(deskNo), about(deskOrder, 'deskNo', deskNo), callOptions),
    orderChanges({ waitSeconds, ...query }, callOptions) {
      const call = { ...callOptions, path: '/desk-orders', query: { ...query }, answer: deskOrderFeed };
      return system.poll(call, waitSeconds ?? 0);
    },
    noteDispatch: (deskNo, notice, callOptions) => note(deskNo, 'dispatches', notice, callOptions),
    noteCancellation: (deskNo, notice, callOptions) => note(deskNo, 'cancellations', notice, callOptions),
    noteReturn: (deskNo, notice, callOptions) => note(deskNo, 'returns', notice, callOptions),
    complete: (deskNo, callOptions) => note(deskNo, 'completion', undefined, callOptions),
    leaveMarketplaceOrder: (request, callOptions) =>
      write(
        '/marketplace-orders',
        request,
        about(deskOrder, 'channelOrderNo', request.marketplaceOrderNo),
        callOptions,
      ),
    statistics: system.statistics,
    close: system.close,
  };
}
