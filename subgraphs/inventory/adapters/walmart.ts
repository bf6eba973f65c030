import type { ItemOutcome } from '../../../platform/channel-facts/channel.ts';
import { codeOf, type WalmartClient } from '../../../systems/walmart/client.ts';
import { WALMART_RATES } from '../../../systems/walmart/rates.ts';
import type { WalmartFeedItem, WalmartInventory } from '../../../systems/walmart/wire.ts';
import type { ChannelStock, ItemStock } from '../port.ts';

/**
 * Stock at Walmart: what is urgent item by item, the rest in feeds. By node where the connection names nodes, as one number otherwise.
 * @param nodes Walmart's names of our nodes; empty: the account has one
 */
export function walmartStock(client: WalmartClient, nodes: readonly string[]): ChannelStock {
  const byNode = nodes.length > 0;

  async function tellOne(item: string, { units, nodes: told }: ItemStock, signal: AbortSignal): Promise<ItemOutcome> {
    if (!told) {
      await client.setUnits(item, units, signal);
      return { item, outcome: 'APPLIED' };
    }
    const wanted = Object.entries(told).map(([shipNode, ones]) => ({ shipNode, units: ones }));
    const codes = await client.setUnitsByNode(item, wanted, signal);
    // A node that it does not name was not set.
    const failed = wanted.map(({ shipNode }) => codes.get(shipNode)).find((code) => code !== null);
    if (failed !== undefined || wanted.some(({ shipNode }) => !codes.has(shipNode)))
      return { item, outcome: 'REFUSED', code: failed ?? 'NODE_NOT_SET' };
    return { item, outcome: 'APPLIED' };
  }

  return {
    ways: [
      { name: 'single', ...WALMART_RATES.single },
      { name: 'feed', ...WALMART_RATES.feed },
    ],
    async tell({ way, items }, signal) {
      const [only] = items;
      if (way === 'single' && only)
        return { kind: 'ENDED', outcomes: [await tellOne(only.item, only.value as ItemStock, signal)] };
      const feedType = byNode ? 'MP_INVENTORY' : 'inventory';
      return { kind: 'ACCEPTED', reference: await client.sendFeed(feedType, byNode ? nodesFeed(items) : plainFeed(items), signal) }; // biome-ignore format: one thought
    },
    async outcomeOf(reference, signal) {
      return (await client.feed(reference, signal))?.flatMap(toOutcome) ?? null;
    },
    async *known(signal) {
      for await (const page of client.inventories(signal))
        yield page.map((one) => ({ item: one.sku, value: toStock(one, byNode ? nodes : null) }));
    },
  };
}

type Items = readonly { readonly item: string; readonly value: ItemStock }[];

const each = (amount: number) => ({ unit: 'EACH', amount });

function plainFeed(items: Items) {
  return {
    InventoryHeader: { version: '1.4' },
    Inventory: items.map(({ item, value }) => ({ sku: item, quantity: each(value.units) })),
  };
}

function nodesFeed(items: Items) {
  return {
    inventoryHeader: { version: '1.5' },
    inventory: items.map(({ item, value }) => ({
      sku: item,
      shipNodes: Object.entries(value.nodes ?? {}).map(([shipNode, units]) => ({ shipNode, quantity: each(units) })),
    })),
  };
}

function toOutcome({ sku, ingestionStatus, ingestionErrors }: WalmartFeedItem): ItemOutcome[] {
  if (!sku) return [];
  const code = codeOf(ingestionErrors?.ingestionError[0]?.code ?? ingestionStatus);
  switch (ingestionStatus) {
    case 'SUCCESS':
      return [{ item: sku, outcome: 'APPLIED' }];
    case 'DATA_ERROR':
      return [{ item: sku, outcome: 'REFUSED', code }];
    // SYSTEM_ERROR, TIMEOUT_ERROR, and whatever it may say one day: nothing is wrong with what it was told.
    default:
      return [{ item: sku, outcome: 'FAILED', code }];
  }
}

/** What Walmart was told of an item, as it was told it: a node that it does not name has none. */
function toStock({ nodes }: WalmartInventory, names: readonly string[] | null): ItemStock {
  const at = new Map(nodes.map(({ shipNode, inputQty }) => [shipNode, inputQty?.amount ?? 0]));
  if (names === null) return { units: [...at.values()].reduce((sum, units) => sum + units, 0) };
  const told = Object.fromEntries(names.map((name) => [name, at.get(name) ?? 0]));
  return { units: Object.values(told).reduce((sum, units) => sum + units, 0), nodes: told };
}
