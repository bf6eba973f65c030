import { chunk } from '../../platform/batch.ts';
import { type Errors, type LineNode, type OrderNode, type Page, pages, toOrderState } from './answers.ts';
import { type Api, ApiRefused } from './api.ts';
import {
  ADJUST,
  AUTHORIZE_RETURN,
  CANCEL,
  LINES,
  ORDERS,
  PLACE,
  RECEIVE_RETURN,
  REQUEST_RETURN,
  SELLABLE,
  VARIANTS,
  WAREHOUSES,
} from './documents.ts';
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
  const ask = <Data>(document: string, variables: object) => api.send<Data>(MARKETPLACE, document, variables);

  /** @param read takes the payload of the one mutation of the document out of its answer */
  async function change<Data, Payload extends Errors>(
    key: string,
    document: string,
    variables: object,
    read: (data: Data) => Payload,
  ): Promise<Payload | Errors> {
    const busy = (data: Data) => read(data).userErrors.some((error) => error.code === 'IDEMPOTENCY_IN_FLIGHT');
    try {
      return read(await api.send<Data>(key, document, variables, busy));
    } catch (error) {
      if (!(error instanceof ApiRefused) || error.code === null || !REFUSALS.has(error.code)) throw error;
      return { userErrors: [{ code: error.code, message: error.message, field: null }] };
    }
  }

  async function variants(skus: readonly string[], locationId: string) {
    const found: ({ sku: string; availability: { sellableQuantity: number } | null } | null)[] = [];
    for (const some of chunk(skus, SKUS_PER_QUERY)) {
      const data = await ask<{ productVariants: typeof found }>(SELLABLE, { skus: some, locationId });
      found.push(...data.productVariants);
    }
    return found;
  }

  return {
    async unknownSkus(skus) {
      const unknown = new Set<string>();
      for (const some of chunk(skus, SKUS_PER_QUERY)) {
        const { productVariants } = await ask<{ productVariants: ({ sku: string } | null)[] }>(VARIANTS, {
          skus: some,
        });
        some.forEach((sku, index) => {
          if (productVariants[index]?.sku !== sku) unknown.add(sku);
        });
      }
      return unknown;
    },

    async warehouses() {
      return (await ask<{ locations: { id: string; code: string }[] }>(WAREHOUSES, {})).locations;
    },

    async sellable(skus, locationId) {
      const found = await variants(skus, locationId);
      return new Map(
        found.flatMap((variant) => (variant ? [[variant.sku, variant.availability?.sellableQuantity ?? 0]] : [])),
      );
    },

    async adjust(input) {
      const read = (data: { inventoryAdjust: Errors }) => data.inventoryAdjust;
      return (await change(WAREHOUSE, ADJUST, { input }, read)).userErrors;
    },

    async *orders(statuses) {
      const filter = statuses ? { status: statuses } : {};
      const nodes = pages(
        async (after) => (await ask<{ orders: Page<OrderNode> }>(ORDERS, { first: PAGE, after, filter })).orders,
      );
      for await (const node of nodes) yield toOrderState(node);
    },

    async place(input) {
      const read = (data: { orderPlace: Errors & { order: { id: string } | null } }) => data.orderPlace;
      const payload = await change(MARKETPLACE, PLACE, { input }, read);
      return { orderId: ('order' in payload && payload.order?.id) || null, errors: payload.userErrors };
    },

    async lines(id) {
      const lines: PlacedLine[] = [];
      const nodes = pages(async (after) => {
        const { order } = await ask<{ order: { lines: Page<LineNode> } | null }>(LINES, { id, first: PAGE, after });
        return order?.lines ?? { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } };
      });
      for await (const { quantities, ...line } of nodes) lines.push({ ...line, ordered: quantities.ordered });
      return lines;
    },

    async cancel(units) {
      const { idempotencyKey, orderId, note } = units;
      const input = { idempotencyKey, reason: 'CUSTOMER_REQUEST', note, lines: [unitsOf(units)] };
      const read = (data: { orderCancel: Errors }) => data.orderCancel;
      return (await change(MARKETPLACE, CANCEL, { orderId, input }, read)).userErrors;
    },

    async requestReturn(units) {
      const { idempotencyKey, orderId, note } = units;
      const input = { idempotencyKey, lines: [{ ...unitsOf(units), reason: 'UNWANTED', note }] };
      const read = (data: { returnRequest: Errors & { return: { id: string; lines: { id: string }[] } | null } }) =>
        data.returnRequest;
      const payload = await change(MARKETPLACE, REQUEST_RETURN, { orderId, input }, read);
      const made = 'return' in payload ? payload.return : null;
      const [line] = made?.lines ?? [];
      return { made: made && line ? { id: made.id, lineId: line.id } : null, errors: payload.userErrors };
    },

    async authorizeReturn(idempotencyKey, returnId) {
      const read = (data: { returnAuthorize: Errors }) => data.returnAuthorize;
      return (await change(WAREHOUSE, AUTHORIZE_RETURN, { returnId, input: { idempotencyKey } }, read)).userErrors;
    },

    async receiveReturn(idempotencyKey, { id, lineId, quantity, locationId }) {
      const lines = [{ returnLineId: lineId, quantity, disposition: 'SELLABLE' }];
      const variables = { returnId: id, input: { idempotencyKey, locationId, lines } };
      const read = (data: { returnReceive: Errors }) => data.returnReceive;
      return (await change(WAREHOUSE, RECEIVE_RETURN, variables, read)).userErrors;
    },
  };
}

const unitsOf = ({ orderLineId, quantity }: BackInput) => ({ orderLineId, quantity });
