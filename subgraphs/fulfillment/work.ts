import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import type { FulfillmentOrder, FulfillmentOrderLine, WorkComponent } from './model.ts';
import { COMPONENT_COLUMNS, WORK_COLUMNS, WORK_LINE_COLUMNS } from './rows.ts';

/** Locks one piece of work until the transaction ends. Null when there is none. */
export async function lockWork(trx: Knex.Transaction, id: string): Promise<FulfillmentOrder | null> {
  const [work] = await query<FulfillmentOrder>(
    trx,
    `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f where f.id = ? for update`,
    [id],
  );
  return work ?? null;
}

/**
 * Locks pieces of work until the transaction ends, in the order in which cancellations lock them too, so that neither waits
 * for the other for ever. @returns those that exist
 */
export function lockWorks(trx: Knex.Transaction, ids: readonly string[]): Promise<FulfillmentOrder[]> {
  return query<FulfillmentOrder>(
    trx,
    `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f where f.id = any(?::text[]) order by f.id for update`,
    [ids],
  );
}

export function readLines(trx: Knex, workId: string): Promise<FulfillmentOrderLine[]> {
  return query<FulfillmentOrderLine>(
    trx,
    `select ${WORK_LINE_COLUMNS} from fulfillment.fulfillment_order_line l where l.fulfillment_order_id = ? order by l.position`,
    [workId],
  );
}

/** What the bundles of a piece of work consist of, always in the same order. Empty when it has none. */
export function readComponents(trx: Knex, workId: string): Promise<WorkComponent[]> {
  return query<WorkComponent>(
    trx,
    `select ${COMPONENT_COLUMNS} from fulfillment.work_component c where c.fulfillment_order_id = ? order by c.line_ref`,
    [workId],
  );
}
