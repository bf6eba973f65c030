import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import type { Answer, Interposer } from './statements.ts';
import type { Plant } from './world.ts';

/** A fault that somebody could make, and which property must see it. */
export interface PlantedBug extends Plant {
  readonly name: string;
  readonly seenBy: 'model' | 'books';
  /** Whether it takes many plans to see it: then it is left to the long form. */
  readonly shy?: true;
}

const NONE: Answer = { rows: [], rowCount: 0 };

export type Change = readonly [name: string, from: string, to: string];

/** Changes the text of SQL functions in this copy of the database. @throws Error when there is no such text any more */
export const rewrite =
  (...changes: readonly Change[]) =>
  async (knex: Knex): Promise<void> => {
    for (const [name, from, to] of changes) {
      const [row] = await query<{ text: string }>(knex, 'select pg_get_functiondef(?::regproc) as text', [name]);
      if (!row?.text.includes(from)) throw new Error(`the bug cannot be planted: ${name} holds no "${from}"`);
      // Not as a statement with values: the text has question marks of its own.
      await knex.raw(row.text.replace(from, to).replaceAll('?', '\\?'));
    }
  };

/** The same without the last guard, which refuses to promise more than is on hand whatever went wrong before. */
const unguarded =
  (...changes: readonly Change[]) =>
  async (knex: Knex): Promise<void> => {
    await knex.raw('drop trigger position_never_oversold on inventory.position');
    await rewrite(...changes)(knex);
  };

/** Answers statements that hold a text without sending them, or sends something else instead. */
const instead =
  (
    text: string,
    what: (statement: Parameters<Interposer>[0], send: Parameters<Interposer>[1], aside: Knex) => Promise<Answer>,
  ) =>
  (aside: Knex): Interposer =>
  (statement, send) =>
    statement.text.includes(text) ? what(statement, send, aside) : send();

/** Runs a statement on a connection of its own: it stays whatever becomes of the transaction. */
const apart = (text: string) =>
  instead(text, async ({ text: sql, values }, _send, aside) => {
    const client = (await aside.client.acquireConnection()) as {
      query(sql: string, values: readonly unknown[]): Promise<Answer>;
    };
    try {
      return await client.query(sql, values);
    } finally {
      await aside.client.releaseConnection(client);
    }
  });

const MODEL = 'model' as const;
const BOOKS = 'books' as const;

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'nobody waits for the lock of a position',
    seenBy: BOOKS,
    sabotage: unguarded(
      ['inventory.lock_positions', 'for no key update', ''],
      ['inventory.lock_takes', 'for no key update of position', ''],
    ),
  },
  {
    name: 'a batch does not add up what its members take',
    seenBy: BOOKS,
    shy: true,
    sabotage: unguarded([
      'inventory.fitting_takes',
      'sum(units) over (partition by sku, location_id order by i) as units',
      'units',
    ]),
  },
  {
    name: 'a key that was used runs again',
    seenBy: MODEL,
    sabotage: async (knex) => {
      await rewrite(
        ['integration.claim_idempotency_key', 'known.key = p_key', 'false'],
        ['integration.claim_idempotency_keys', 'known.key = asked.key', 'false'],
      )(knex);
      await knex.raw(`
        create function integration.plant() returns trigger language plpgsql as $$ begin
          delete from integration.idempotency_key k where (k.scope, k.operation, k.key) = (new.scope, new.operation, new.key);
          return new;
        end $$;
        create trigger plant before insert on integration.idempotency_key for each row execute function integration.plant();`);
    },
  },
  {
    name: 'a key answers whatever is asked under it',
    seenBy: MODEL,
    sabotage: rewrite(
      ['integration.claim_idempotency_key', 'known.request_hash = p_request_hash', 'true'],
      ['integration.claim_idempotency_keys', `found.request_hash = decode(asked.hash, 'hex')`, 'true'],
    ),
  },
  {
    name: 'the record of a key is committed apart from its effect',
    seenBy: MODEL,
    shy: true,
    interposer: apart('insert into integration.idempotency_key'),
  },
  {
    name: 'events are committed apart from their change',
    seenBy: MODEL,
    shy: true,
    interposer: apart('insert into integration.outbox'),
  },
  {
    name: 'a request is acknowledged though its transaction was rolled back',
    seenBy: MODEL,
    interposer: () => {
      let commits = 0;
      return ({ text }, send) => send(text.startsWith('COMMIT') && ++commits % 5 === 0 ? 'ROLLBACK' : undefined);
    },
  },
  {
    name: 'a hold never ends in the availability query',
    seenBy: MODEL,
    sabotage: rewrite(['inventory.stock_at', 'and line.expires_at > p_at', '']),
  },
  {
    name: 'the expiry of a hold frees its units twice',
    seenBy: MODEL,
    sabotage: rewrite(['inventory.end_holds', '-quantity, 0', '-2 * quantity, 0']),
  },
  {
    name: 'a hold whose time is over can be extended',
    seenBy: MODEL,
    shy: true,
    sabotage: rewrite(['inventory.extend_hold', 'or v_hold.expires_at <= v_now', '']),
  },
  {
    name: 'a hold that became an order keeps its units too',
    seenBy: MODEL,
    sabotage: rewrite(['inventory.take_part', '-quantity, 0, p_order_id', '0, 0, p_order_id']),
  },
  {
    name: 'one unit more than there is may be ordered',
    seenBy: MODEL,
    shy: true,
    sabotage: rewrite(['inventory.take_part', 'state.wanted > state.orderable', 'state.wanted > state.orderable + 1']),
  },
  {
    name: 'the safety stock of a position is sold',
    seenBy: MODEL,
    sabotage: rewrite(['inventory.stock_at', '- position.safety_stock', '']),
  },
  {
    name: 'the safety stock of a channel is sold',
    seenBy: MODEL,
    shy: true,
    sabotage: rewrite([
      'inventory.sellable',
      'coalesce(terms.withheld, p_safety_stock) else coalesce',
      '0 else coalesce',
    ]),
  },
  {
    name: 'a cancellation forgets the stock',
    seenBy: MODEL,
    interposer: instead('inventory.release_order', async () => NONE),
  },
  {
    name: 'the deadline cancels what is paid',
    seenBy: MODEL,
    interposer: instead("o.channel_kind <> 'MARKETPLACE'", ({ text }, send) =>
      send(text.replace("o.payment_status in ('PENDING', 'FAILED')", 'true')),
    ),
  },
  {
    name: 'the deadline frees the stock twice',
    seenBy: MODEL,
    sabotage: rewrite(['inventory.release_orders', 'row(sku, location_id, 0, -units,', 'row(sku, location_id, 0, -2 * units,']), // biome-ignore format: one change
  },
  {
    name: 'a cancellation of a part gives the whole line back',
    seenBy: MODEL,
    sabotage: rewrite([
      'inventory.release_order',
      'least(placed.units, asked.units - placed.starts)::int',
      'placed.units::int',
    ]),
  },
  {
    name: 'a release leaves no row in the ledger',
    seenBy: MODEL,
    sabotage: rewrite(['inventory.move', 'from delta order by', `from delta where p_kind <> 'RELEASE' order by`]),
  },
  {
    name: 'goods that left stay committed',
    seenBy: MODEL,
    sabotage: rewrite([
      'inventory.apply_source',
      'committed = committed - coalesce(consumed.units, 0)',
      'committed = committed',
    ]),
  },
  {
    name: 'an old snapshot overwrites newer balances',
    seenBy: MODEL,
    shy: true,
    sabotage: rewrite(['inventory.apply_source', 'entry.sequence > position.source_sequence or', 'true or']),
  },
  {
    name: 'two readers apply the same page of the feed',
    seenBy: MODEL,
    shy: true,
    interposer: instead('from inventory.source_feed where source = $1 and sequence = $2 for update', ({ text }, send) =>
      send(text.replace('sequence = $2', '$2::bigint is not null')),
    ),
  },
  {
    name: "the marketplace's number of an order is not looked up",
    seenBy: MODEL,
    sabotage: async (knex) => {
      await knex.raw('drop index orders.customer_order_channel_order');
      await rewrite(['orders.new_channel_orders', 'known.channel_order_id = o.channel_order_id', 'false'])(knex);
    },
    interposer: instead('from orders.customer_order where channel_code', async () => NONE),
  },
  {
    name: 'a repeated step of an order moves its units again',
    seenBy: MODEL,
    shy: true,
    interposer: instead('insert into orders.applied_effect', async () => ({ rows: [], rowCount: 1 })),
  },
];
