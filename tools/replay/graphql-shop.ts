import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import {
  ReplayCancellationDocument,
  ReplayCatalogueDocument,
  ReplayOrderDocument,
  ReplayOrderLinesDocument,
  ReplayOrdersDocument,
  ReplayReturnDocument,
  ReplayStockDocument,
  type ReplayStockQuery,
  ReplayWarehousesDocument,
} from '../../clients/marketplace.ts';
import {
  ReplayReturnArrivalDocument,
  ReplayReturnPermitDocument,
  ReplayStockBookingDocument,
} from '../../clients/warehouse.ts';
import { chunk } from '../../platform/batch.ts';
import { type Errors, pages, toOrderState } from './answers.ts';
import { type Api, ApiRefused } from './api.ts';
import type { BackInput, PlacedLine, Shop } from './shop.ts';

/** Well-known keys of the local default. */
const MARKETPLACE = 'dev-marketplace';
const WAREHOUSE = 'dev-warehouse';

/** Most SKUs that one query may name. */
const SKUS_PER_QUERY = 200;
const PAGE = 100;

/** Top-level errors that are about what was asked, not about how: a refusal like those in `userErrors`. */
const REFUSALS: ReadonlySet<string> = new Set(['BAD_USER_INPUT', 'NOT_FOUND', 'SYSTEM_REJECTED', 'CAPABILITY_MISSING']);

/** The public API over HTTP. */
export function createGraphQLShop(api: Api): Shop {
  const ask = <Data, Variables>(document: DocumentTypeDecoration<Data, Variables>, variables: Variables) =>
    api.send(MARKETPLACE, document, variables);

  /** @param read takes the payload of the one mutation of the document out of its answer */
  async function change<Data, Variables, Payload extends Errors>(
    key: string,
    document: DocumentTypeDecoration<Data, Variables>,
    variables: Variables,
    read: (data: Data) => Payload,
  ): Promise<Payload | Errors> {
    const busy = (data: Data) => read(data).userErrors.some((error) => error.code === 'IDEMPOTENCY_IN_FLIGHT');
    try {
      return read(await api.send(key, document, variables, busy));
    } catch (error) {
      if (!(error instanceof ApiRefused) || error.code === null || !REFUSALS.has(error.code)) throw error;
      return { userErrors: [{ code: error.code, message: error.message, field: null }] };
    }
  }

  async function variants(skus: readonly string[], locationId: string) {
    const found: NonNullable<ReplayStockQuery['productVariants']>[number][] = [];
    for (const some of chunk(skus, SKUS_PER_QUERY)) {
      const data = await ask(ReplayStockDocument, { skus: some, locationId });
      found.push(...answered(data.productVariants));
    }
    return found;
  }

  return {
    async unknownSkus(skus) {
      const unknown = new Set<string>();
      for (const some of chunk(skus, SKUS_PER_QUERY)) {
        const found = answered((await ask(ReplayCatalogueDocument, { skus: some })).productVariants);
        some.forEach((sku, index) => {
          if (found[index]?.sku !== sku) unknown.add(sku);
        });
      }
      return unknown;
    },

    async warehouses() {
      return (await ask(ReplayWarehousesDocument, {})).locations;
    },

    async sellable(skus, locationId) {
      const found = await variants(skus, locationId);
      return new Map(
        found.flatMap((variant) => (variant ? [[variant.sku, variant.availability?.sellableQuantity ?? 0]] : [])),
      );
    },

    async adjust(input) {
      const sent = change(WAREHOUSE, ReplayStockBookingDocument, { input }, (data) => data.inventoryAdjust);
      return (await sent).userErrors;
    },

    async *orders(statuses) {
      const filter = statuses ? { status: statuses } : {};
      const nodes = pages(async (after) => (await ask(ReplayOrdersDocument, { first: PAGE, after, filter })).orders);
      for await (const node of nodes) yield toOrderState(node);
    },

    async place(input) {
      const payload = await change(MARKETPLACE, ReplayOrderDocument, { input }, (data) => data.orderPlace);
      return { orderId: ('order' in payload && payload.order?.id) || null, errors: payload.userErrors };
    },

    async lines(id) {
      const lines: PlacedLine[] = [];
      const nodes = pages(async (after) => {
        const { order } = await ask(ReplayOrderLinesDocument, { id, first: PAGE, after });
        return order?.lines ?? { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } };
      });
      for await (const { quantities, ...line } of nodes) lines.push({ ...line, ordered: quantities.ordered });
      return lines;
    },

    async cancel(units) {
      const { idempotencyKey, orderId, note } = units;
      const input = { idempotencyKey, reason: 'CUSTOMER_REQUEST' as const, note, lines: [unitsOf(units)] };
      const variables = { orderId, input };
      return (await change(MARKETPLACE, ReplayCancellationDocument, variables, (data) => data.orderCancel)).userErrors;
    },

    async requestReturn(units) {
      const { idempotencyKey, orderId, note } = units;
      const input = { idempotencyKey, lines: [{ ...unitsOf(units), reason: 'UNWANTED' as const, note }] };
      const variables = { orderId, input };
      const payload = await change(MARKETPLACE, ReplayReturnDocument, variables, (data) => data.returnRequest);
      const made = 'return' in payload ? payload.return : null;
      const [line] = made?.lines ?? [];
      return { made: made && line ? { id: made.id, lineId: line.id } : null, errors: payload.userErrors };
    },

    async authorizeReturn(idempotencyKey, returnId) {
      const variables = { returnId, input: { idempotencyKey } };
      return (await change(WAREHOUSE, ReplayReturnPermitDocument, variables, (data) => data.returnAuthorize))
        .userErrors;
    },

    async receiveReturn(idempotencyKey, { id, lineId, quantity, locationId }) {
      const lines = [{ returnLineId: lineId, quantity, disposition: 'SELLABLE' as const }];
      const variables = { returnId: id, input: { idempotencyKey, locationId, lines } };
      return (await change(WAREHOUSE, ReplayReturnArrivalDocument, variables, (data) => data.returnReceive)).userErrors;
    },
  };
}

/** Null stands where a part of the platform was away. It comes with an error, so `api` has thrown; never guess "unknown". */
function answered<Value>(value: Value | null): Value {
  if (value === null) throw new ApiRefused(null, 'the catalogue answered null without an error');
  return value;
}

const unitsOf = ({ orderLineId, quantity }: BackInput) => ({ orderLineId, quantity });
