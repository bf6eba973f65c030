import { parseMoney } from '../../platform/money.ts';
import type { OrderState, UserError } from './shop.ts';

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** One page of a connection. */
export interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: PageInfo;
}

/** An order in the list of orders. */
export interface OrderNode {
  readonly id: string;
  readonly channelOrderId: string | null;
  readonly status: string;
  readonly totals: { readonly subtotal: { readonly amount: string; readonly currencyCode: string } };
}

/** Part of the payload of every mutation. */
export interface Errors {
  readonly userErrors: readonly UserError[];
}

/** Every node of a connection, page after page. */
export async function* pages<Node>(read: (after: string | null) => Promise<Page<Node>>): AsyncGenerator<Node> {
  let after: string | null = null;
  do {
    const page: Page<Node> = await read(after);
    yield* page.nodes;
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
}

/** An order of the list, with its money in pence. */
export function toOrderState({ id, channelOrderId, status, totals }: OrderNode): OrderState {
  const { amountMinor } = parseMoney(totals.subtotal.amount, totals.subtotal.currencyCode);
  return { id, channelOrderId, status, subtotalPence: Number(amountMinor) };
}
