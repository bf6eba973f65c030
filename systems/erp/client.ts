import { about } from '../client-kit/about.ts';
import type { CallOptions, FeedPosition } from '../client-kit/call-options.ts';
import { rejectionCode } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';
import * as wire from './wire.ts';

/**
 * The ERP as its callers see it, in its own words. Every write is recognised by its number or reference, so all are
 * repeated after a failure. Every method throws CommerceError, see systems/client-kit; a refusal is SYSTEM_REJECTED,
 * its code is read by `rejectionCode` and named at each method.
 *
 * Feeds may hold duplicates and come in any order: take the highest `changeNo` as the new position. An entry is the
 * newest state of its record, not every state it had.
 */
export interface ErpClient {
  materialGroupChanges(position: FeedPosition, options?: CallOptions): Promise<wire.MaterialGroupFeed>;
  materialChanges(position: FeedPosition, options?: CallOptions): Promise<wire.MaterialFeed>;
  conditionChanges(position: FeedPosition, options?: CallOptions): Promise<wire.ConditionFeed>;
  salesBomChanges(position: FeedPosition, options?: CallOptions): Promise<wire.SalesBomFeed>;
  billingChanges(position: FeedPosition, options?: CallOptions): Promise<wire.BillingFeed>;
  accountingChanges(position: FeedPosition, options?: CallOptions): Promise<wire.AccountingFeed>;
  /** Null when there is no such material. */
  findMaterial(materialNo: string, options?: CallOptions): Promise<wire.Material | null>;
  /** Materials by the number the channels know (SKU). 1 to 1000 numbers; unknown ones are absent. */
  lookUpMaterials(
    oldMaterialNos: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, wire.Material>>;
  /** UNKNOWN_MATERIAL_GROUP (the parent). */
  putMaterialGroup(
    groupNo: string,
    content: wire.MaterialGroupContent,
    options?: CallOptions,
  ): Promise<wire.MaterialGroup>;
  /** UNKNOWN_MATERIAL_GROUP, UNKNOWN_MATERIAL (the configurable one). */
  putMaterial(materialNo: string, content: wire.MaterialContent, options?: CallOptions): Promise<wire.Material>;
  /** UNKNOWN_MATERIAL. */
  putCondition(conditionNo: string, content: wire.ConditionContent, options?: CallOptions): Promise<wire.Condition>;
  /** UNKNOWN_MATERIAL: the material itself, or a component. */
  putSalesBom(materialNo: string, content: wire.SalesBomContent, options?: CallOptions): Promise<wire.SalesBom>;
  /** REFERENCE_REUSED, UNKNOWN_MATERIAL, AMOUNTS_DO_NOT_ADD_UP. */
  createBilling(request: wire.BillingRequest, options?: CallOptions): Promise<wire.BillingDocument>;
  /** Null when the ERP never got a document with this reference. */
  findBillingByReference(externalRef: string, options?: CallOptions): Promise<wire.BillingDocument | null>;
  /** UNKNOWN_BILLING_DOCUMENT, NOT_POSTED (try again later), MORE_THAN_OPEN, WRONG_CURRENCY, REFERENCE_REUSED, UNKNOWN_ACCOUNT, AMOUNTS_DO_NOT_ADD_UP. */
  pay(request: wire.PaymentRequest, options?: CallOptions): Promise<wire.PaymentAnswer>;
  /** REFERENCE_REUSED, DOES_NOT_BALANCE, UNKNOWN_ACCOUNT, PERIOD_CLOSED. */
  createGlDocument(request: wire.GlDocumentRequest, options?: CallOptions): Promise<wire.GlDocument>;
  /** Null when the ERP never got a G/L document with this reference. */
  findGlDocumentByReference(externalRef: string, options?: CallOptions): Promise<wire.GlDocument | null>;
  /** Opens an account in the chart, or renames it. */
  putGlAccount(
    account: string,
    content: { readonly accountName: string },
    options?: CallOptions,
  ): Promise<wire.GlAccount>;
  /** Closes a month to G/L documents, or opens it again. */
  putPostingPeriod(
    postingPeriod: string,
    content: { readonly status: 'OPEN' | 'CLOSED' },
    options?: CallOptions,
  ): Promise<wire.PostingPeriod>;
  /** Null when nothing was ever billed to the account. */
  findCustomerAccount(soldTo: string, options?: CallOptions): Promise<wire.CustomerAccount | null>;
  statistics(): SystemStatistics;
  /** Cuts what is in progress. */
  close(): Promise<void>;
}

export function createErpClient(options: SystemClientOptions): ErpClient {
  const client = createSystemClient('ERP', options);
  const get = { method: 'GET', repeatable: true } as const;
  const put = { method: 'PUT', repeatable: true } as const;
  const post = { method: 'POST', repeatable: true } as const;
  const pathOf = (...parts: string[]) => `/${parts.map(encodeURIComponent).join('/')}`;
  const feedOf = ({ waitSeconds, ...query }: FeedPosition) => ({ query: { ...query }, waitSeconds: waitSeconds ?? 0 });
  const orNull = async <T>(answer: Promise<T>, unknownCode: string): Promise<T | null> => {
    try {
      return await answer;
    } catch (error) {
      if (rejectionCode(error) === unknownCode) return null;
      throw error;
    }
  };

  return {
    materialGroupChanges(position, call) {
      const { query, waitSeconds } = feedOf(position);
      return client.poll({ ...call, path: '/material-groups', query, answer: wire.materialGroupFeed }, waitSeconds);
    },
    materialChanges(position, call) {
      const { query, waitSeconds } = feedOf(position);
      return client.poll({ ...call, path: '/materials', query, answer: wire.materialFeed }, waitSeconds);
    },
    conditionChanges(position, call) {
      const { query, waitSeconds } = feedOf(position);
      return client.poll({ ...call, path: '/conditions', query, answer: wire.conditionFeed }, waitSeconds);
    },
    salesBomChanges(position, call) {
      const { query, waitSeconds } = feedOf(position);
      return client.poll({ ...call, path: '/sales-boms', query, answer: wire.salesBomFeed }, waitSeconds);
    },
    billingChanges(position, call) {
      const { query, waitSeconds } = feedOf(position);
      return client.poll({ ...call, path: '/billing-documents', query, answer: wire.billingFeed }, waitSeconds);
    },
    accountingChanges(position, call) {
      const { query, waitSeconds } = feedOf(position);
      return client.poll({ ...call, path: '/accounting-documents', query, answer: wire.accountingFeed }, waitSeconds);
    },
    findMaterial: (materialNo, call) =>
      orNull(
        client.call({
          ...call,
          ...get,
          path: pathOf('materials', materialNo),
          answer: about(wire.material, 'materialNo', materialNo),
        }),
        'UNKNOWN_MATERIAL',
      ),
    async lookUpMaterials(oldMaterialNos, call) {
      const { materials } = await client.call({
        ...call,
        ...post,
        path: '/materials/lookup',
        body: { oldMaterialNos },
        answer: wire.materialLookupAnswer,
      });
      return new Map(materials.flatMap((one) => (one.oldMaterialNo === null ? [] : [[one.oldMaterialNo, one]])));
    },
    putMaterialGroup: (groupNo, body, call) =>
      client.call({ ...call, ...put, path: pathOf('material-groups', groupNo), body, answer: wire.materialGroup }),
    putMaterial: (materialNo, body, call) =>
      client.call({ ...call, ...put, path: pathOf('materials', materialNo), body, answer: wire.material }),
    putCondition: (conditionNo, body, call) =>
      client.call({ ...call, ...put, path: pathOf('conditions', conditionNo), body, answer: wire.condition }),
    putSalesBom: (materialNo, body, call) =>
      client.call({ ...call, ...put, path: pathOf('sales-boms', materialNo), body, answer: wire.salesBom }),
    createBilling: (body, call) =>
      client.call({
        ...call,
        ...post,
        path: '/billing-documents',
        body,
        answer: about(wire.billingDocument, 'externalRef', body.externalRef),
      }),
    findBillingByReference: (externalRef, call) =>
      orNull(
        client.call({
          ...call,
          ...get,
          path: pathOf('billing-documents', 'by-reference', externalRef),
          answer: about(wire.billingDocument, 'externalRef', externalRef),
        }),
        'UNKNOWN_BILLING_DOCUMENT',
      ),
    pay: (body, call) =>
      client.call({
        ...call,
        ...post,
        path: '/payments',
        body,
        answer: about(wire.paymentAnswer, 'paymentRef', body.paymentRef),
      }),
    createGlDocument: (body, call) =>
      client.call({
        ...call,
        ...post,
        path: '/gl-documents',
        body,
        answer: about(wire.glDocument, 'externalRef', body.externalRef),
      }),
    findGlDocumentByReference: (externalRef, call) =>
      orNull(
        client.call({
          ...call,
          ...get,
          path: pathOf('gl-documents', 'by-reference', externalRef),
          answer: about(wire.glDocument, 'externalRef', externalRef),
        }),
        'UNKNOWN_GL_DOCUMENT',
      ),
    putGlAccount: (account, body, call) =>
      client.call({ ...call, ...put, path: pathOf('gl-accounts', account), body, answer: wire.glAccount }),
    putPostingPeriod: (period, body, call) =>
      client.call({ ...call, ...put, path: pathOf('posting-periods', period), body, answer: wire.postingPeriod }),
    findCustomerAccount: (soldTo, call) =>
      orNull(
        client.call({ ...call, ...get, path: pathOf('customer-accounts', soldTo), answer: wire.customerAccount }),
        'UNKNOWN_CUSTOMER_ACCOUNT',
      ),
    statistics: client.statistics,
    close: client.close,
  };
}
