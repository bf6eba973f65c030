import type { Knex } from 'knex';
import { unknownRecord } from '../../kit/refusal.ts';
import type { SaleName } from '../client.ts';
import type { Sale, SaleState } from '../wire.ts';

type SaleRow = Omit<Sale, 'state' | 'marketplace' | 'saleNo'> & { readonly declined: boolean };

/** @throws Refusal 404 UNKNOWN_SALE */
export async function readSale(knex: Knex, { marketplace, saleNo }: SaleName): Promise<Sale> {
  const { rows } = await knex.raw<{ rows: SaleRow[] }>(
    `select seller_ref as "sellerRef", confirmed_at as "confirmedAt", declined_at is not null as declined,
       coalesce((select json_agg(json_build_object('itemRef', item_ref, 'sku', sku, 'bought', bought, 'shipped', shipped,
           'cancelled', cancelled, 'refunded', refunded) order by item_ref)
         from channel.item i where i.marketplace = s.marketplace and i.sale_no = s.sale_no), '[]') as items,
       coalesce((select json_agg(json_build_object('requestRef', request_ref, 'decision', decision) order by requested_at, request_ref)
         from channel.void_request r where r.marketplace = s.marketplace and r.sale_no = s.sale_no), '[]') as "voidRequests"
     from channel.sale s where marketplace = ? and sale_no = ?`,
    [marketplace, saleNo],
  );
  const [row] = rows;
  if (!row) throw unknownRecord('SALE', saleNo);
  const { declined, ...found } = row;
  return { marketplace, saleNo, ...found, state: stateOf(row) };
}

/** Pure: follows from what was told; nobody sets it. */
export function stateOf({
  declined,
  confirmedAt,
  items,
}: Pick<SaleRow, 'declined' | 'confirmedAt' | 'items'>): SaleState {
  if (declined) return 'DECLINED';
  const sum = (of: (item: Sale['items'][number]) => number) => items.reduce((total, item) => total + of(item), 0);
  const open = sum((item) => item.bought - item.shipped - item.cancelled);
  const shipped = sum((item) => item.shipped);
  if (shipped > 0) return open === 0 ? 'SHIPPED' : 'PART_SHIPPED';
  if (items.length > 0 && open === 0) return 'CANCELLED';
  return confirmedAt === null ? 'NEW' : 'CONFIRMED';
}
