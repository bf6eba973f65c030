import { z } from 'zod';
import { about } from '../client-kit/about.ts';
import type { CallOptions, FeedPosition } from '../client-kit/call-options.ts';
import { rejectionCode } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';
import type {
  WmsAdjustment,
  WmsBlockedReceipt,
  WmsConfirmation,
  WmsDeliveryQuery,
  WmsInboundAdvice,
  WmsNewDelivery,
  WmsNewReceipt,
  WmsStockQuery,
} from './requests.ts';
import * as wire from './wire.ts';

/**
 * The warehouse system, in its words. Every write is idempotent on its reference, or by nature, so all are repeated
 * after a failure. Every method throws CommerceError; see systems/client-kit. A refusal is SYSTEM_REJECTED with the
 * code in `details.systemCode`, read by `rejectionCode`; the codes are named at each method.
 */
export interface WmsClient {
  sites(options?: CallOptions): Promise<wire.WmsSite[]>;
  stock(query: WmsStockQuery, options?: CallOptions): Promise<wire.WmsStockPage>;
  /** Everything that suppliers announced and that did not come yet. */
  inboundAdvices(options?: CallOptions): Promise<wire.WmsInboundAdvices>;
  /** Announces goods, or says anew what an advice announces. UNKNOWN_SITE, UNKNOWN_ARTICLE. */
  putInboundAdvice(advice: WmsInboundAdvice, options?: CallOptions): Promise<void>;
  /** Ledger rows after a number. May hold duplicates and come in any order: go by `ledgerNo`. */
  stockLedger(position: FeedPosition, options?: CallOptions): Promise<wire.WmsLedgerPage>;
  /** UNKNOWN_SITE, UNKNOWN_ARTICLE, POSITION_MOVED, NEGATIVE_STOCK (both with numbers `quantity`, `lastLedgerNo`), REFERENCE_REUSED. */
  adjust(adjustment: WmsAdjustment, options?: CallOptions): Promise<wire.WmsLedgerEntry>;
  /** UNKNOWN_SITE, UNKNOWN_ARTICLE, REFERENCE_REUSED. */
  receive(receipt: WmsNewReceipt, options?: CallOptions): Promise<wire.WmsReceipt>;
  /** UNKNOWN_SITE, UNKNOWN_ARTICLE, REFERENCE_REUSED. */
  receiveBlocked(receipt: WmsBlockedReceipt, options?: CallOptions): Promise<void>;
  /** All goods that are not for sale, by site, article and reason. */
  blockedStock(options?: CallOptions): Promise<wire.WmsBlockedStock>;
  /** UNKNOWN_SITE, UNKNOWN_ARTICLE, REFERENCE_REUSED. */
  createDelivery(delivery: WmsNewDelivery, options?: CallOptions): Promise<wire.WmsDelivery>;
  /** Null when there is none with this number. */
  delivery(deliveryNo: string, options?: CallOptions): Promise<wire.WmsDelivery | null>;
  deliveries(query: WmsDeliveryQuery, options?: CallOptions): Promise<wire.WmsDeliveryPage>;
  /** UNKNOWN_DELIVERY, PICKING_STARTED, WRONG_STATUS. Where staff decide, `cancellation` is ASKED and the answer an event. */
  cancelDelivery(deliveryNo: string, options?: CallOptions): Promise<wire.WmsDelivery>;
  /** UNKNOWN_DELIVERY, WRONG_STATUS. */
  acceptDelivery(deliveryNo: string, options?: CallOptions): Promise<wire.WmsDelivery>;
  /** UNKNOWN_DELIVERY, WRONG_STATUS. */
  refuseDelivery(deliveryNo: string, reasonCode: string, options?: CallOptions): Promise<wire.WmsDelivery>;
  /**
   * UNKNOWN_DELIVERY, WRONG_STATUS, UNKNOWN_LINE, QUANTITY_EXCEEDS_OPEN (with number `openQuantity`),
   * INSUFFICIENT_STOCK (with number `quantity`), PARCEL_KNOWN (with field `parcels.<index>.sscc` or `.trackingNo`), REFERENCE_REUSED.
   */
  confirmGoodsIssue(
    deliveryNo: string,
    confirmation: WmsConfirmation,
    options?: CallOptions,
  ): Promise<wire.WmsDelivery>;
  /** UNKNOWN_DELIVERY, WRONG_STATUS. */
  stageDelivery(deliveryNo: string, options?: CallOptions): Promise<wire.WmsDelivery>;
  /** UNKNOWN_DELIVERY, WRONG_STATUS. */
  collectDelivery(deliveryNo: string, options?: CallOptions): Promise<wire.WmsDelivery>;
  /** UNKNOWN_DELIVERY, WRONG_STATUS. */
  unstageDelivery(deliveryNo: string, options?: CallOptions): Promise<wire.WmsDelivery>;
  /** Events of all deliveries after a number. May hold duplicates and come in any order: go by `eventNo`. */
  deliveryEvents(position: FeedPosition, options?: CallOptions): Promise<wire.WmsDeliveryEventPage>;
  statistics(): SystemStatistics;
  /** Cuts what is in progress. */
  close(): Promise<void>;
}

export function createWmsClient(options: SystemClientOptions): WmsClient {
  const client = createSystemClient('WMS', options);
  const post = { method: 'POST', repeatable: true } as const;
  const get = { method: 'GET', repeatable: true } as const;
  const deliveryPath = (deliveryNo: string) => `/outbound-deliveries/${encodeURIComponent(deliveryNo)}`;
  const act = (deliveryNo: string, action: string, body: unknown, call: CallOptions | undefined) =>
    client.call({
      ...call,
      ...post,
      path: `${deliveryPath(deliveryNo)}/${action}`,
      body,
      answer: about(wire.delivery, 'deliveryNo', deliveryNo),
    });

  return {
    sites: (call) => client.call({ ...call, ...get, path: '/sites', answer: wire.siteList }),
    stock: ({ articleNos, ...query }, call) =>
      client.call({
        ...call,
        ...get,
        path: '/stock',
        query: { ...query, article: articleNos?.join(',') },
        answer: wire.stockPage,
      }),
    inboundAdvices: (call) => client.call({ ...call, ...get, path: '/inbound-advices', answer: wire.inboundAdvices }),
    async putInboundAdvice({ adviceNo, ...body }, call) {
      const path = `/inbound-advices/${encodeURIComponent(adviceNo)}`;
      await client.call({ ...call, method: 'PUT', repeatable: true, path, body, answer: z.unknown() });
    },
    stockLedger: ({ after, limit, waitSeconds }, call) =>
      client.poll(
        { ...call, path: '/stock-ledger', query: { after, limit }, answer: wire.ledgerPage },
        waitSeconds ?? 0,
      ),
    adjust: ({ change, ...adjustment }, call) =>
      client.call({
        ...call,
        ...post,
        path: '/adjustments',
        body: { ...adjustment, ...change },
        answer: about(wire.ledgerEntry, 'documentRef', adjustment.reference),
      }),
    receive: (body, call) => client.call({ ...call, ...post, path: '/receipts', body, answer: wire.receiptAnswer }),
    async receiveBlocked(body, call) {
      await client.call({ ...call, ...post, path: '/blocked-receipts', body, answer: wire.blockedReceiptAnswer });
    },
    blockedStock: (call) => client.call({ ...call, ...get, path: '/blocked-stock', answer: wire.blockedStock }),
    createDelivery: (body, call) =>
      client.call({
        ...call,
        ...post,
        path: '/outbound-deliveries',
        body,
        answer: about(wire.delivery, 'externalRef', body.externalRef),
      }),
    async delivery(deliveryNo, call) {
      try {
        const answer = about(wire.delivery, 'deliveryNo', deliveryNo);
        return await client.call({ ...call, ...get, path: deliveryPath(deliveryNo), answer });
      } catch (error) {
        if (rejectionCode(error) === 'UNKNOWN_DELIVERY') return null;
        throw error;
      }
    },
    deliveries: (query, call) =>
      client.call({ ...call, ...get, path: '/outbound-deliveries', query: { ...query }, answer: wire.deliveryPage }),
    cancelDelivery: (deliveryNo, call) => act(deliveryNo, 'cancel', undefined, call),
    acceptDelivery: (deliveryNo, call) => act(deliveryNo, 'accept', undefined, call),
    refuseDelivery: (deliveryNo, reasonCode, call) => act(deliveryNo, 'refuse', { reasonCode }, call),
    confirmGoodsIssue: (deliveryNo, confirmation, call) => act(deliveryNo, 'confirm-goods-issue', confirmation, call),
    stageDelivery: (deliveryNo, call) => act(deliveryNo, 'stage', undefined, call),
    collectDelivery: (deliveryNo, call) => act(deliveryNo, 'collect', undefined, call),
    unstageDelivery: (deliveryNo, call) => act(deliveryNo, 'unstage', undefined, call),
    deliveryEvents: ({ after, limit, waitSeconds }, call) =>
      client.poll(
        { ...call, path: '/delivery-events', query: { after, limit }, answer: wire.deliveryEventPage },
        waitSeconds ?? 0,
      ),
    statistics: () => client.statistics(),
    close: () => client.close(),
  };
}
