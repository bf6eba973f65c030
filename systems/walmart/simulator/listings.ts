/** What the reference server knows of a seller's items. Everything in it may be changed while it runs. */
export interface WalmartListings {
  readonly items: Map<string, StoredItem>;
  readonly nodes: string[];
  readonly feeds: Map<string, StoredFeed>;
  /** Feeds are worked on when they are handed in; while false, they wait for `workOn`. */
  works: boolean;
  /** Writes of units, in the order in which they were applied. */
  readonly applied: { readonly sku: string; readonly node: string; readonly units: number }[];
}

export interface StoredItem {
  /** Units by node. */
  readonly units: Map<string, number>;
  price: { currency: string; amount: number } | null;
  /** What the next feeds say of the item in place of applying it. */
  fault: 'SYSTEM_ERROR' | 'TIMEOUT_ERROR' | null;
}

export interface StoredFeed {
  readonly id: string;
  readonly type: string;
  readonly entries: readonly FeedEntry[];
  status: 'RECEIVED' | 'INPROGRESS' | 'PROCESSED' | 'ERROR';
  readonly outcomes: { sku: string; status: string; code: string | null; type: string }[];
}

type FeedEntry = { readonly sku: string } & (
  | { readonly units: readonly { readonly node: string; readonly units: number }[] }
  | { readonly price: { readonly currency: string; readonly amount: number } }
);

export function emptyListings(nodes: readonly string[] = ['10001']): WalmartListings {
  return { items: new Map(), nodes: [...nodes], feeds: new Map(), works: true, applied: [] };
}

/** The seller sets an item up; it has no stock. */
export function list(listings: WalmartListings, skus: readonly string[]): void {
  for (const sku of skus) listings.items.set(sku, { units: new Map(), price: null, fault: null });
}

/** Sets units of an item at a node. @returns the code of what is wrong; null when they are set */
export function setUnits(listings: WalmartListings, sku: string, node: string, units: number): string | null {
  const item = listings.items.get(sku);
  if (!item) return 'ERR_EXT_DATA_0801';
  if (!listings.nodes.includes(node)) return 'ERR_EXT_DATA_0104';
  item.units.set(node, units);
  listings.applied.push({ sku, node, units });
  return null;
}

/** Works on a feed: every item by itself. */
export function workOn(listings: WalmartListings, id: string): void {
  const feed = listings.feeds.get(id);
  if (!feed || feed.status === 'PROCESSED') return;
  for (const entry of feed.entries) feed.outcomes.push(apply(listings, entry));
  feed.status = 'PROCESSED';
}

function apply(listings: WalmartListings, entry: FeedEntry): StoredFeed['outcomes'][number] {
  const { sku } = entry;
  const item = listings.items.get(sku);
  if (item?.fault) return { sku, status: item.fault, type: item.fault, code: 'ERR_INT_SYS_0001' };
  let code: string | null = item ? null : 'ERR_EXT_DATA_0801';
  if (item && 'price' in entry) item.price = { ...entry.price };
  else if ('units' in entry) for (const { node, units } of entry.units) code ??= setUnits(listings, sku, node, units);
  return { sku, status: code === null ? 'SUCCESS' : 'DATA_ERROR', type: 'DATA_ERROR', code };
}

/** Reads a feed as it is handed in. Null: it is not in the form that its type has. */
export function readFeed(type: string, content: unknown, nodes: readonly string[]): FeedEntry[] | null {
  const at = (object: unknown, name: string) => (object as Record<string, unknown> | null)?.[name];
  const units = (quantity: unknown) => (at(quantity, 'unit') === 'EACH' ? Number(at(quantity, 'amount')) : Number.NaN);
  const entries = at(content, { inventory: 'Inventory', MP_INVENTORY: 'inventory', price: 'Price' }[type] ?? '');
  const version = at(at(content, { inventory: 'InventoryHeader', MP_INVENTORY: 'inventoryHeader', price: 'PriceHeader' }[type] ?? ''), 'version'); // biome-ignore format: one thought
  if (!Array.isArray(entries) || version !== { inventory: '1.4', MP_INVENTORY: '1.5', price: '1.7' }[type]) return null;
  const read = entries.map((entry: unknown): FeedEntry | null => {
    const sku = at(entry, 'sku');
    if (typeof sku !== 'string') return null;
    if (type === 'price') {
      const price = at((at(entry, 'pricing') as unknown[] | undefined)?.[0], 'currentPrice') as { currency: string; amount: number }; // biome-ignore format: one thought
      return typeof price?.amount === 'number' && price.currency === 'USD' ? { sku, price } : null;
    }
    const parts = type === 'inventory' ? [{ shipNode: nodes[0], quantity: at(entry, 'quantity') }] : (at(entry, 'shipNodes') as unknown[]); // biome-ignore format: one thought
    if (!Array.isArray(parts)) return null;
    const byNode = parts.map((part) => ({ node: String(at(part, 'shipNode')), units: units(at(part, 'quantity')) }));
    return byNode.every((part) => Number.isInteger(part.units) && part.units >= 0) ? { sku, units: byNode } : null;
  });
  return read.every((entry) => entry !== null) ? (read as FeedEntry[]) : null;
}
