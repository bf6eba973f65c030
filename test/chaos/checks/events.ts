import { mayMove, ORDER_TRANSITIONS, type OrderStatus } from '../../../subgraphs/order/states.ts';
import type { Finding } from '../finding.ts';
import { withDatabase } from '../shop.ts';

const SUBJECTS = `
  select e.source, e.subject, array_agg(e.version order by e.sequence) as versions, max(o.revision) as revision, bool_or(o.id is not null) as is_order
  from integration.event_log e left join orders.customer_order o on o.id = e.subject
  group by e.source, e.subject`;
const UNTOLD = `
  select id from orders.customer_order o where not exists (select from integration.event_log e where e.subject = o.id and e.type = 'order-placed.v1')`;
const MOVES = `
  select subject, data ->> 'previousStatus' as before, data ->> 'status' as after
  from integration.event_log where type = 'order-status-changed.v1' order by subject, version`;
const CONSUMERS = `
  select name, position::int as position, head::int as head from integration.event_consumer, integration.event_log_state`;
const UNFINISHED = `
  select o.id, o.status from orders.customer_order o
  where o.status not in ('DELIVERED', 'CANCELLED', 'REJECTED', 'CLOSED')
    and not exists (select from integration.exception e where e.order_id = o.id and e.state in ('OPEN', 'RETRYING'))`;

/** I6, I7, I9: every change was told in order and heard by everybody; no order took an illegal way or stays behind. */
export async function checkEvents(databaseUrl: string): Promise<Finding[]> {
  return withDatabase(databaseUrl, async (client) => {
    const rows = async <Row extends object>(statement: string) => (await client.query<Row>(statement)).rows;
    const subjects = await rows<{ subject: string; versions: number[]; revision: number | null; is_order: boolean }>(
      SUBJECTS,
    );
    const moves = await rows<{ subject: string; before: OrderStatus; after: OrderStatus }>(MOVES);
    const consumers = await rows<{ name: string; position: number; head: number }>(CONSUMERS);
    const events = subjects.reduce((sum, subject) => sum + subject.versions.length, 0);
    const orders = await rows<{ id: string }>('select id from orders.customer_order');
    const stuck = await rows<{ id: string }>('select id::text from integration.outbox');
    return [
      {
        invariant: 'I6',
        what: 'subjects whose events have a gap, go back or are told twice',
        counted: events,
        faults: subjects.flatMap(({ subject, versions, revision, is_order }) => {
          const whole = versions.every((version, index) => version === index + 1);
          return whole && (!is_order || versions.length === revision)
            ? []
            : [`${subject}: ${versions.join()} of ${revision}`];
        }),
      },
      {
        invariant: 'I6',
        what: 'orders that no event tells of, and events that stay in the outbox',
        counted: orders.length,
        faults: [...(await rows<{ id: string }>(UNTOLD)), ...stuck].map((row) => row.id),
      },
      {
        invariant: 'I6',
        what: 'consumers that have not heard everything',
        counted: consumers.length,
        faults: consumers
          .filter((row) => row.position < row.head)
          .map((row) => `${row.name}: ${row.position} of ${row.head}`),
      },
      {
        invariant: 'I7',
        what: 'illegal moves of an order',
        counted: moves.length,
        faults: moves.flatMap(({ subject, before, after }, index) => {
          const last = moves[index - 1];
          const connected = last?.subject === subject ? last.after === before : before === 'CAPTURED';
          return connected && mayMove(ORDER_TRANSITIONS, before, after) ? [] : [`${subject}: ${before} to ${after}`];
        }),
      },
      {
        invariant: 'I9',
        what: 'orders that are neither at their end nor on the exception desk',
        counted: orders.length,
        faults: (await rows<{ id: string; status: string }>(UNFINISHED)).map((row) => `${row.id} ${row.status}`),
      },
    ];
  });
}
