import { subjectTopic } from '../../../events/topics.ts';
import { CommerceError } from '../../../platform/errors.ts';
import type { Ask, MessageBody, WatchedField } from '../watched-field.ts';

/** Most SKUs one subscription watches. */
const MAX_SKUS = 100;

const QUERY = 'query WatchedStock($skus: [String!]!) { productVariants(skus: $skus) { sku } }';

/**
 * Changes of stock are announced after they were committed, so the state cannot say which announcement it contains.
 * Nothing is lost by that: the state is read after the place in the history was noted, and a change announced later
 * is told, at worst one that the state already shows.
 */
const NO_VERSIONS: ReadonlyMap<string, number> = new Map();

/** Stock of some SKUs. Anybody who sees the field may watch any SKU: what they may sell of it follows from their channel. */
export const inventoryChanged: WatchedField = {
  name: 'inventoryChanged',
  watch: (args) => {
    const skus = [...new Set(args.skus as readonly string[])];
    if (skus.length === 0 || skus.length > MAX_SKUS)
      throw new CommerceError('BAD_USER_INPUT', `\`skus\` must name 1 to ${MAX_SKUS} SKUs.`);
    const watched = new Set(skus);
    return {
      topics: skus.map((sku) => subjectTopic('inventory-changed.v1', sku)),
      change: ({ type, subject }) =>
        type === 'inventory-changed.v1' && watched.has(subject) ? body(subject, true) : null,
      present: async (ask) => {
        const known = await knownSkus(ask, skus);
        return { bodies: skus.map((sku) => body(sku, known === null || known.has(sku))), versions: NO_VERSIONS };
      },
      permit: null,
    };
  },
};

/** The SKUs that the catalogue has. Null when it cannot be asked: that must not keep a shop from watching its stock. */
async function knownSkus(ask: Ask, skus: readonly string[]): Promise<ReadonlySet<string> | null> {
  try {
    const { productVariants } = (await ask(QUERY, { skus })) as {
      productVariants: readonly ({ sku: string } | null)[];
    };
    return new Set(productVariants.flatMap((variant) => variant?.sku ?? []));
  } catch {
    return null;
  }
}

function body(sku: string, known: boolean): MessageBody {
  return { sku, variant: known ? { __typename: 'ProductVariant', sku } : null };
}
