import { subjectTopic } from '../../../events/topics.ts';
import { CommerceError } from '../../../platform/errors.ts';
import type { MessageBody, WatchedField } from '../watched-field.ts';

/** Most SKUs one subscription watches. */
const MAX_SKUS = 100;

const QUERY = 'query WatchedStock($skus: [String!]!) { productVariants(skus: $skus) { sku inventoryRevision } }';

/** Stock of some SKUs. Anybody who sees the field may watch any SKU: what they may sell of it follows from their channel. */
export const inventoryChanged: WatchedField = {
  name: 'inventoryChanged',
  watch: (args) => {
    const skus = [...new Set(args['skus'] as readonly string[])];
    if (skus.length === 0 || skus.length > MAX_SKUS)
      throw new CommerceError('BAD_USER_INPUT', `\`skus\` must name 1 to ${MAX_SKUS} SKUs.`);
    const watched = new Set(skus);
    return {
      topics: skus.map((sku) => subjectTopic('inventory-changed.v1', sku)),
      change: ({ type, subject }) =>
        type === 'inventory-changed.v1' && watched.has(subject) ? body(subject, true) : null,
      present: async (ask) => {
        const variants = (await ask(QUERY, { skus }))['productVariants'] as readonly (Record<string, unknown> | null)[];
        return {
          bodies: skus.map((sku, index) => body(sku, variants[index] != null)),
          versions: new Map(skus.map((sku, index) => [sku, Number(variants[index]?.['inventoryRevision'] ?? 0)])),
        };
      },
      permit: null,
    };
  },
};

function body(sku: string, known: boolean): MessageBody {
  return { sku, variant: known ? { __typename: 'ProductVariant', sku } : null };
}
