import type { StoredEvent } from '../../events/port.ts';
import { typeTopic } from '../../events/topics.ts';

/** Subgraphs whose changes are told by events, with the entities of theirs that the events name, and their key. */
export const TOLD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  product: { Product: 'id', ProductVariant: 'sku' },
  inventory: { ProductVariant: 'sku' },
};

/** Topics of the events that {@link changedBy} understands. */
export const CHANGES: readonly string[] = [typeTopic('product-changed.v1'), typeTopic('inventory-changed.v1')];

/** What an answer depends on: one entity of a subgraph. */
export function entityTag(subgraph: string, type: string, key: string): string {
  return `${subgraph} ${type} ${key}`;
}

/** What an answer depends on that could be about any entity of a subgraph, such as a page of a list. */
export function anyTag(subgraph: string): string {
  return `${subgraph} *`;
}

/** What is no longer as it was. */
export function changedBy(event: StoredEvent): readonly string[] {
  switch (event.type) {
    case 'product-changed.v1':
      return [
        anyTag('product'),
        entityTag('product', 'Product', event.data.productId),
        ...event.data.skus.map((sku) => entityTag('product', 'ProductVariant', sku)),
      ];
    case 'inventory-changed.v1':
      return [anyTag('inventory'), entityTag('inventory', 'ProductVariant', event.data.sku)];
    default:
      return [];
  }
}
