import { loopSignature } from '../signature.ts';

/** A webhook, ready to be sent. */
export interface SentWebhook {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoopReference {
  /** A buyer asks for a return of some units of an order. @returns its id */
  ask(orderName: string, items: readonly { readonly sku: string; readonly reason?: string; readonly outcome?: string }[], state?: string): string; // biome-ignore format: one line
  /** The return changes; whether anybody hears of it by a webhook is another thing. */
  change(id: string, how: Readonly<Record<string, unknown>>): void;
  /** The webhook that says how the return stands now. */
  webhook(id: string, trigger?: string): SentWebhook;
}

/** A returns platform in memory, whose messages are those of Loop's topic `return`: with what is personal in them, and signed. */
export function startLoopReference(secret: string): LoopReference {
  const returns = new Map<string, Record<string, unknown>>();
  return {
    ask(orderName, items, state = 'open') {
      const id = String(1_673 + returns.size);
      returns.set(id, {
        id,
        state,
        created_at: '2026-11-28T08:00:00Z',
        edited_at: null,
        order_id: 2871,
        order_name: orderName,
        provider_order_id: '58997314',
        customer: 'ada@buyer.example',
        customer_detail: { email: 'ada@buyer.example', first_name: 'Ada', last_name: 'Buyer' },
        address: { name: 'Ada Buyer', address1: '1 High Street', city: 'London', zip: 'N1 1AA', country_code: 'GB', phone: '+442070000000' }, // biome-ignore format: one address
        status_page_url: 'https://example.loopreturns.com/#/return/b3e4764e',
        currency: 'GBP',
        line_items: items.map(({ sku, reason = 'Changed my mind', outcome = 'default' }, index) => ({ line_item_id: `${id}${index}`, provider_line_item_id: String(9_000 + index), sku, title: `Goods ${sku}`, return_reason: reason, outcome })), // biome-ignore format: one item
        exchanges: [],
        labels: [],
        carrier: '',
        tracking_number: 'N/A',
        label_status: 'pending',
      });
      return id;
    },
    change(id, how) {
      Object.assign(returns.get(id) ?? {}, how);
    },
    webhook(id, trigger = 'return.updated') {
      const body = JSON.stringify({ topic: 'return', trigger, shop_id: 12345, ...returns.get(id) }).replaceAll('/', '\\/'); // biome-ignore format: one thought
      return { headers: { 'content-type': 'application/json', 'x-loop-signature': loopSignature(secret, body) }, body };
    },
  };
}
