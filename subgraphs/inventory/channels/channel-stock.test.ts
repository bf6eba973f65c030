import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '../../../events/port.ts';
import type { WayState } from '../../../platform/channel-facts/budget.ts';
import type { TellingWay } from '../../../platform/channel-facts/channel.ts';
import { chooseWay } from '../../../platform/channel-facts/choose-way.ts';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { stockCatalogue } from '../../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { createExceptionDesk, loadOwnership } from '../../operations/index.ts';
import { memoryChannelStock } from '../adapters/memory-channel-stock.ts';
import { commit, emptyStock, stockUp } from '../sample-stock.ts';
import { createChannelStock } from './channel-stock.ts';
import { spread } from './spread.ts';
import { weighStock } from './weigh.ts';

const { signal } = new AbortController();
let database: TestDatabase;
/** Each test has channels of its own. */
let code: string;
let number = 0;
let failures: unknown[];
let version = 0;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  await stockCatalogue(database.knex, ['BOLT', 'NUT', 'SCREW', 'WASHER'].map((sku) => ({ sku, title: sku, prices: { LIST: { GBP: 100 } } }))); // biome-ignore format: one thought
  await stockCatalogue(database.knex, [{ sku: 'SECRET', title: 'SECRET', prices: { WEB: { GBP: 100 } } }]);
});
afterAll(() => database.drop());
beforeEach(async () => {
  failures = [];
  await emptyStock(database.knex);
  await query(database.knex, 'delete from inventory.channel_rule');
  code = await channel();
});

async function channel(safetyStock = 0): Promise<string> {
  const name = `MARKET${++number}`;
  await query(database.knex, `insert into integration.channel (code, name, kind, price_list, currency_code, safety_stock) values (?, 'Market', 'MARKETPLACE', 'LIST', 'GBP', ?)`, [name, safetyStock]); // biome-ignore format: one statement
  return name;
}

type Memory = ReturnType<typeof memoryChannelStock>;
function telling(channels: Readonly<Record<string, Memory>>, nodes?: Readonly<Record<string, string>>) {
  const desk = createExceptionDesk({ knex: database.knex, owners: loadOwnership() });
  return createChannelStock({
    knex: database.knex,
    channels: new Map(Object.entries(channels).map(([name, memory]) => [name, { channel: memory, settings: { compareHours: 6, nodes } }])),
    report: desk.raiseIn,
    settle: desk.resolveIn,
    onFailure: (error) => void failures.push(error),
  });
} // biome-ignore format: one thought
type Telling = ReturnType<typeof telling>;

/** The stock of these SKUs changed, as the event says. */
async function changed({ consumption }: Telling, ...skus: string[]): Promise<void> {
  await Promise.all(
    skus.map(
      (sku) =>
      consumption.handler({ type: 'inventory-changed.v1', subject: sku, version: ++version, occurredAt: new Date().toISOString(), data: { sku } } as StoredEvent<'inventory-changed.v1'>, signal), // biome-ignore format: one event
    ),
  );
}
/** Until nothing is to be sent or asked for, whatever pauses there are. */
async function settled({ teller }: Telling, name = code): Promise<void> {
  for (let idle = 0; idle < 2; ) {
    await query(database.knex, 'update integration.channel_submission set look_at = now() where look_at is not null');
    const done = (await teller.sendDue(name, signal)) + (await teller.lookDue(name, signal));
    idle = done === 0 ? idle + 1 : 0;
  }
}
/** Looks at what was accepted until it has an outcome, without sending. */
async function looked({ teller }: Telling): Promise<void> {
  await query(database.knex, 'update integration.channel_submission set look_at = now() where look_at is not null');
  await teller.lookDue(code, signal);
}
const unpause = () => query(database.knex, "update integration.channel_way set paused_until = '-infinity'");
const shown = ({ units }: Memory) => Object.fromEntries([...units].map(([item, value]) => [item, value.units]));
const fact = async (item: string) =>
  (await query<{ told: unknown; confirmed: unknown; waits: boolean; refused: string | null }>(database.knex, 'select told_value as told, confirmed_value as confirmed, changed_at is not null as waits, refused from integration.channel_fact where channel_code = ? and item = ?', [code, item]))[0]; // biome-ignore format: one statement
const exceptions = () =>
  query<{ key: string; state: string; message: string }>(database.knex, `select key, state, message from integration.exception where channel_code = ? order by opened_at, key`, [code]); // biome-ignore format: one statement

describe('what a channel is told of stock', () => {
  it('is what it may sell: with its safety stock, caps and bundles, of what it has a price for', async () => {
    code = await channel(2);
    await stockUp(database.knex, {
      BOLT: { EAST: 5, WEST: 4 },
      NUT: { EAST: 90 },
      SECRET: { EAST: 7 },
      WASHER: { SHOP: 3 },
    });
    await query(database.knex, "insert into inventory.channel_rule (channel_code, sku, cap) values (?, 'NUT', 10)", [
      code,
    ]);
    const memory = memoryChannelStock();
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT', 'NUT', 'SECRET', 'WASHER');
    await settled(stock);
    expect(shown(memory)).toEqual({ BOLT: 7, NUT: 10, WASHER: 0 });
    // Above the cap nothing changes for the channel, and it is not told.
    await commit(database.knex, 'order-cap', [['NUT', 3]]);
    await changed(stock, 'NUT');
    await settled(stock);
    expect(memory.submissions.map(({ items }) => items.map(({ item }) => item).sort())).toEqual([
      ['BOLT', 'NUT', 'WASHER'],
    ]);
  });

  it('goes by its own names, each of them, and is nothing when it has no price any more', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 5 }, SECRET: { EAST: 7 } });
    await query(database.knex, "insert into orders.channel_sku (channel_code, channel_sku, sku) values (:code, 'B-1', 'BOLT'), (:code, 'B-2', 'BOLT'), (:code, 'S', 'SECRET')", { code }); // biome-ignore format: one statement
    const memory = memoryChannelStock();
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT', 'SECRET');
    await settled(stock);
    expect(shown(memory)).toEqual({ 'B-1': 5, 'B-2': 5, S: 7 });
    await query(
      database.knex,
      "delete from orders.channel_sku where channel_code = ? and channel_sku in ('B-2', 'S')",
      [code],
    );
    await changed(stock, 'BOLT', 'SECRET');
    await settled(stock);
    expect(shown(memory)).toEqual({ 'B-1': 5, 'B-2': 0, S: 0 });
  });

  it('is by node where the channel has names for nodes, and adds up to what may be sold', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 5, WEST: 4 }, NUT: { EAST: 3, PARTNER: 6 } });
    await query(database.knex, "insert into inventory.channel_rule (channel_code, sku, cap) values (?, 'BOLT', 7)", [
      code,
    ]);
    const memory = memoryChannelStock();
    const stock = telling({ [code]: memory }, { EAST: 'n-east', WEST: 'n-west' });
    await changed(stock, 'BOLT', 'NUT');
    await settled(stock);
    const bolt = memory.units.get('BOLT');
    expect(bolt?.units).toBe(7);
    expect(Object.values(bolt?.nodes ?? {}).reduce((sum, units) => sum + units, 0)).toBe(7);
    expect(memory.units.get('NUT')).toEqual({ units: 3, nodes: { 'n-east': 3, 'n-west': 0 } });
  });

  it('spreads units over the nodes that serve first, and offers nothing where the channel knows no node', () => {
    const nodes = new Map([['a', 'A'], ['b', 'B'], ['c', 'B']]);
    const free = [{ locationId: 'b', free: 2 }, { locationId: 'x', free: 9 }, { locationId: 'a', free: 5 }, { locationId: 'c', free: 1 }];
    expect(spread(6, free, nodes)).toEqual({ units: 6, nodes: { A: 4, B: 2 } });
    expect(spread(20, free, nodes)).toEqual({ units: 8, nodes: { A: 5, B: 3 } });
    expect(spread(6, free, null)).toEqual({ units: 6 });
  }); // biome-ignore format: a table

  it('of many changes is the newest', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 10 } });
    const memory = memoryChannelStock();
    const stock = telling({ [code]: memory });
    for (let order = 1; order <= 4; order += 1) {
      await commit(database.knex, `order-${code}-${order}`, [['BOLT', 2]]);
      await changed(stock, 'BOLT');
    }
    await settled(stock);
    expect(memory.submissions.map(({ items }) => items)).toEqual([[{ item: 'BOLT', value: { units: 2 } }]]);
    expect(await fact('BOLT')).toEqual({ told: { units: 2 }, confirmed: { units: 2 }, waits: false, refused: null });
  });
});

describe('the order in which stock is told', () => {
  const ONE: TellingWay = { name: 'one', most: 1, burst: 1_000, perSecond: 1_000 };

  it('is by what could be sold without being there first: nearly sold out and fast movers', async () => {
    await stockUp(database.knex, {
      BOLT: { EAST: 100 },
      NUT: { EAST: 100 },
      SCREW: { EAST: 100 },
      WASHER: { EAST: 0 },
    });
    const memory = memoryChannelStock([ONE]);
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT', 'NUT', 'SCREW', 'WASHER');
    await settled(stock);
    const before = memory.submissions.length;
    await stockUp(database.knex, { WASHER: { EAST: 50 } });
    await query(database.knex, "update inventory.position set on_hand = 50 where sku = 'WASHER'");
    await commit(database.knex, `slow-${code}`, [['BOLT', 1]]);
    await commit(database.knex, `fast-${code}`, [['NUT', 40]]);
    await commit(database.knex, `out-${code}`, [['SCREW', 100]]);
    await changed(stock, 'BOLT', 'NUT', 'SCREW', 'WASHER');
    await settled(stock);
    expect(memory.submissions.slice(before).map(({ items }) => items[0]?.item)).toEqual([
      'SCREW',
      'NUT',
      'BOLT',
      'WASHER',
    ]);
  });

  it('weighs an item by how soon it sells out, and forgets old sales', () => {
    const day = 86_400_000;
    const now = (days: number) => new Date(days * day);
    const sold = weighStock({ value: { units: 10 }, told: { units: 10 }, memo: {}, now: now(1) }, { units: 4 });
    expect(sold).toEqual({ rank: 4 / 6, urgent: true, memo: { perDay: 6, at: day } });
    const later = weighStock({ value: { units: 4 }, told: { units: 10 }, memo: sold.memo, now: now(8) }, { units: 4 });
    expect(later.rank).toBeGreaterThan(100);
    expect(
      weighStock({ value: { units: 2_000 }, told: { units: 2_000 }, memo: {}, now: now(1) }, { units: 1_999 }).urgent,
    ).toBe(false);
    const more = weighStock({ value: { units: 0 }, told: { units: 0 }, memo: {}, now: now(1) }, { units: 50 });
    expect(more).toMatchObject({ urgent: false });
    expect(more.rank).toBeGreaterThan(later.rank);
  });

  it('leaves to the wide way what the quick one cannot do soon, and keeps a scarce way for what is worth it', () => {
    const quick: WayState = { name: 'quick', most: 1, burst: 10, perSecond: 1, tokens: 5, kept: 0 };
    const wide: WayState = { name: 'wide', most: 100, burst: 10, perSecond: 0.01, tokens: 6, kept: 0 };
    const waiting = { items: 20, urgent: false, alone: false, oldestSeconds: 0 };
    const choice = (changes: object, ways: readonly WayState[] = [quick, wide]) => {
      const chosen = chooseWay({ ...waiting, ...changes }, ways);
      return chosen && [chosen.way.name, chosen.limit, chosen.from];
    };
    expect(choice({})).toEqual(['quick', 1, 'first']);
    expect(choice({ items: 80 })).toEqual(['wide', 45, 'last']);
    expect(choice({ items: 300 })).toEqual(['wide', 100, 'last']);
    const scarce = { ...wide, tokens: 2 };
    expect(choice({ items: 80 }, [quick, scarce])).toEqual(['quick', 1, 'first']);
    expect(choice({ items: 80, oldestSeconds: 100 }, [quick, scarce])).toEqual(['wide', 45, 'last']);
    expect(choice({ items: 20 }, [scarce])).toBeNull();
    expect(choice({ items: 20, urgent: true }, [scarce])).toEqual(['wide', 20, 'first']);
    expect(choice({ items: 20, alone: true, urgent: true }, [scarce])).toEqual(['wide', 1, 'first']);
    expect(
      choice({ urgent: true }, [
        { ...quick, tokens: 0.5 },
        { ...wide, tokens: 0.9 },
      ]),
    ).toBeNull();
    expect(choice({ items: 0 })).toBeNull();
  });

  it('keeps to the rate of the channel, over all workers together', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 }, NUT: { EAST: 9 }, SCREW: { EAST: 9 }, WASHER: { EAST: 9 } });
    const memory = memoryChannelStock([{ name: 'one', most: 1, burst: 4, perSecond: 0.0001 }]);
    const workers = [1, 2, 3, 4, 5, 6].map(() => telling({ [code]: memory }));
    await changed(workers[0] as Telling, 'BOLT', 'NUT', 'SCREW', 'WASHER');
    await query(
      database.knex,
      'update integration.channel_fact set urgent = true, filling = false where channel_code = ?',
      [code],
    );
    await Promise.all(workers.map(({ teller }) => teller.sendDue(code, signal)));
    await Promise.all(workers.map(({ teller }) => teller.sendDue(code, signal)));
    // One is kept back of four: requests reach the channel closer together than they left.
    expect(memory.submissions).toHaveLength(3);
    expect(new Set(memory.submissions.map(({ items }) => items[0]?.item)).size).toBe(3);
  });
});

describe('the first fill', () => {
  const SLOW: TellingWay = { name: 'one', most: 1, burst: 5, perSecond: 0.000_01 };

  it('leaves half of the rate to changes, which go before it, whenever they come', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 }, NUT: { EAST: 9 }, SCREW: { EAST: 9 }, WASHER: { EAST: 9 } });
    const memory = memoryChannelStock([SLOW]);
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT', 'NUT', 'SCREW', 'WASHER');
    await query(database.knex, 'update integration.channel_fact set urgent = true where channel_code = ?', [code]);
    await settled(stock);
    // Of the four that the rate allows at once, two.
    const filled = memory.submissions.map(({ items }) => items[0]?.item);
    expect(filled).toHaveLength(2);
    // One that the channel knows, and one that still waits for its turn in the fill.
    const [known = '', waiting = ''] = [filled[0], ['BOLT', 'NUT', 'SCREW', 'WASHER'].find((sku) => !filled.includes(sku))]; // biome-ignore format: one thought
    await commit(database.knex, `change-${code}`, [[known, 2], [waiting, 8]]); // biome-ignore format: one order
    const [before] = await query<{ at: Date }>(database.knex, 'select changed_at as at from integration.channel_fact where channel_code = ? and item = ?', [code, waiting]); // biome-ignore format: one statement
    await changed(stock, known, waiting);
    const [after] = await query<{ at: Date }>(database.knex, 'select changed_at as at from integration.channel_fact where channel_code = ? and item = ?', [code, waiting]); // biome-ignore format: one statement
    expect(after?.at.getTime()).toBeGreaterThan(before?.at.getTime() ?? 0);
    await settled(stock);
    expect(shown(memory)).toMatchObject({ [known]: 7, [waiting]: 1 });
    expect(memory.submissions).toHaveLength(4);
    const [figures] = await query(database.knex, "select waiting as waits, lag_seconds_p95 < 60 as lag from integration.channel_figures(now() - interval '1 hour') where channel_code = ?", [code]); // biome-ignore format: one statement
    expect(figures).toEqual({ waits: 1, lag: true });
  });

  it('waits for a full submission on a wide way, of which there are few', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 }, NUT: { EAST: 9 }, SCREW: { EAST: 9 }, WASHER: { EAST: 9 } });
    const memory = memoryChannelStock([
      { ...SLOW, burst: 2 },
      { name: 'wide', most: 3, burst: 7, perSecond: 0.000_01 },
    ]);
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT', 'NUT', 'SCREW');
    await settled(stock);
    await changed(stock, 'WASHER');
    await settled(stock);
    expect(memory.submissions.map(({ way, items }) => [way, items.length])).toEqual([['one', 1], ['wide', 3]]); // biome-ignore format: a table
  });

  it('and a full submission of everything do not hold up what is put right', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 }, NUT: { EAST: 4 } });
    const memory = memoryChannelStock();
    const stock = telling({ [code]: memory });
    const waits = () => query(database.knex, 'select item, filling from integration.channel_fact where channel_code = ? and changed_at is not null order by item', [code]); // biome-ignore format: one statement
    await changed(stock, 'BOLT', 'NUT');
    expect(await waits()).toEqual([{ item: 'BOLT', filling: true }, { item: 'NUT', filling: true }]); // biome-ignore format: a table
    await settled(stock);
    memory.units.set('BOLT', { units: 99 });
    memory.units.delete('NUT');
    await stock.teller.compareDue(code, signal);
    expect(await waits()).toEqual([{ item: 'BOLT', filling: false }, { item: 'NUT', filling: true }]); // biome-ignore format: a table
  });
});

describe('what was told', () => {
  it('does not count as known before the channel has applied it', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 } });
    const memory = memoryChannelStock();
    memory.works = false;
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT');
    await stock.teller.sendDue(code, signal);
    await looked(stock);
    expect(await fact('BOLT')).toMatchObject({ told: { units: 9 }, confirmed: null, waits: false });
    memory.work(0);
    await looked(stock);
    expect(await fact('BOLT')).toMatchObject({ confirmed: { units: 9 } });
  });

  it.each([['before the outcome of the later', [0, 1]], ['after it', [1, 0]]])('is right in the end when a feed is applied after a later one, and its outcome arrives %s', async (_, order) => {
    await stockUp(database.knex, { BOLT: { EAST: 9 } });
    const memory = memoryChannelStock();
    memory.works = false;
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT');
    await stock.teller.sendDue(code, signal);
    await commit(database.knex, `between-${code}`, [['BOLT', 8]]);
    await changed(stock, 'BOLT');
    await stock.teller.sendDue(code, signal);
    expect(memory.submissions.map(({ items }) => items[0]?.value)).toEqual([{ units: 9 }, { units: 1 }]);
    // The channel works on the second first: it ends with the old number, which nobody has.
    for (const index of order) {
      memory.work(index);
      await looked(stock);
    }
    const after = await fact('BOLT');
    if (order[0] === 0) expect(after).toMatchObject({ confirmed: { units: 1 }, waits: false });
    else {
      expect(memory.units.get('BOLT')).toEqual({ units: 9 });
      expect(after).toMatchObject({ confirmed: null, waits: true });
    }
    memory.works = true;
    await settled(stock);
    expect(memory.units.get('BOLT')).toEqual({ units: 1 });
    expect(await fact('BOLT')).toMatchObject({ confirmed: { units: 1 }, waits: false });
  }); // biome-ignore format: one table

  it("and refused is on the desk with the channel's reason, and is told again when it changes or somebody asks", async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 }, NUT: { EAST: 4 } });
    const memory = memoryChannelStock();
    memory.refusals.set('BOLT', 'LISTING_BLOCKED');
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT', 'NUT');
    await settled(stock);
    expect(shown(memory)).toEqual({ NUT: 4 });
    expect(await exceptions()).toEqual([
      { key: `stock:${code}:BOLT`, state: 'OPEN', message: expect.stringContaining('LISTING_BLOCKED') },
    ]);
    // The same number is not sent at it again and again.
    await changed(stock, 'BOLT');
    expect(await stock.teller.sendDue(code, signal)).toBe(0);
    await commit(database.knex, `refused-${code}`, [['BOLT', 1]]);
    await changed(stock, 'BOLT');
    await settled(stock);
    expect(await fact('BOLT')).toMatchObject({ refused: 'LISTING_BLOCKED', waits: false });
    memory.refusals.clear();
    expect(await stock.teller.takeAgain(`${code}:BOLT`)).toEqual({ kind: 'handled' });
    await settled(stock);
    expect(shown(memory)).toEqual({ NUT: 4, BOLT: 8 });
    expect(await exceptions()).toMatchObject([{ state: 'RESOLVED' }]);
    expect(await stock.teller.takeAgain(`${code}:NOTHING`)).toEqual({ kind: 'gone' });
  });

  it('to a worker that died is told again, and late news of the first attempt do no harm', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 } });
    const memory = memoryChannelStock();
    const stock = telling({ [code]: { ...memory, tell: () => new Promise(() => undefined) } as unknown as Memory });
    await changed(stock, 'BOLT');
    void stock.teller.sendDue(code, signal);
    const sent = async () =>
      (await query(database.knex, 'select from integration.channel_submission where channel_code = ?', [code])).length;
    while ((await sent()) === 0);
    const other = telling({ [code]: memory });
    await settled(other);
    expect(memory.submissions).toEqual([]);
    await query(database.knex, "update integration.channel_submission set begun_at = now() - interval '2 minutes' where channel_code = ?", [code]); // biome-ignore format: one statement
    await other.teller.lookDue(code, signal);
    await settled(other);
    expect(shown(memory)).toEqual({ BOLT: 9 });
  });
});

describe('a channel that fails', () => {
  it('to say what became of an item of an ended submission is told of it again, not at once, and somebody hears in the end', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 } });
    const memory = memoryChannelStock();
    const stock = telling({ [code]: { ...memory, outcomeOf: async () => [] } as unknown as Memory });
    await changed(stock, 'BOLT');
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      expect(await stock.teller.sendDue(code, signal)).toBe(1);
      await looked(stock);
      expect(await fact('BOLT')).toMatchObject({ confirmed: null, waits: true });
      expect(await stock.teller.sendDue(code, signal)).toBe(0);
      expect(await exceptions()).toHaveLength(attempt < 5 ? 0 : 1);
      await query(database.knex, "update integration.channel_fact set due_at = '-infinity'");
    }
  });

  const down = () => new CommerceError('SYSTEM_UNAVAILABLE', 'down', { status: 503 });

  it('holds up no other, is on the desk once, and gets what holds when it is back', async () => {
    const healthy = await channel();
    await stockUp(database.knex, { BOLT: { EAST: 9 }, NUT: { EAST: 4 } });
    const [ill, well] = [memoryChannelStock(), memoryChannelStock()];
    ill.failWith(down);
    const stock = telling({ [code]: ill, [healthy]: well });
    await changed(stock, 'BOLT', 'NUT');
    await settled(stock, healthy);
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await unpause();
      await stock.teller.sendDue(code, signal);
    }
    expect(shown(well)).toEqual({ BOLT: 9, NUT: 4 });
    expect(await exceptions()).toEqual([
      { key: `tell-stock:${code}`, state: 'OPEN', message: expect.stringContaining('503') },
    ]);
    await commit(database.knex, `outage-${code}`, [['BOLT', 5]]);
    await changed(stock, 'BOLT');
    ill.failWith(null);
    await unpause();
    await settled(stock);
    expect(shown(ill)).toEqual({ BOLT: 4, NUT: 4 });
    expect(await exceptions()).toMatchObject([{ state: 'RESOLVED' }]);
  });

  it('is left alone for a while after a failure', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 } });
    const memory = memoryChannelStock();
    memory.failWith(down);
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT');
    expect(await stock.teller.sendDue(code, signal)).toBe(1);
    expect(await stock.teller.sendDue(code, signal)).toBe(0);
    expect(failures).toHaveLength(1);
  });

  it('by refusing a submission as a whole is told item by item, and the culprit is found', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 }, NUT: { EAST: 4 }, SCREW: { EAST: 2 } });
    const memory = memoryChannelStock();
    const { tell } = memory;
    memory.tell = async (told) => {
      if (told.items.some(({ item }) => item === 'NUT'))
        throw new CommerceError('SYSTEM_REJECTED', 'no', { systemCode: 'ONE_IS_BAD', status: 400 });
      return tell.call(memory, told);
    };
    const stock = telling({ [code]: memory });
    await changed(stock, 'BOLT', 'NUT', 'SCREW');
    await settled(stock);
    expect(shown(memory)).toEqual({ BOLT: 9, SCREW: 2 });
    expect(await exceptions()).toEqual([
      { key: `stock:${code}:NUT`, state: 'OPEN', message: expect.stringContaining('ONE_IS_BAD') },
    ]);
  });
});

describe('the comparison with all that a channel knows', () => {
  it('notes what no event told of, puts right what differs, and says how much was right', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 }, NUT: { EAST: 4 }, SCREW: { EAST: 2 }, WASHER: { EAST: 1 } });
    const memory = memoryChannelStock();
    const stock = telling({ [code]: memory });
    expect(await stock.teller.compareDue(code, signal)).toBe(true);
    await settled(stock);
    expect(shown(memory)).toEqual({ BOLT: 9, NUT: 4, SCREW: 2, WASHER: 1 });
    memory.units.set('BOLT', { units: 99 });
    memory.units.delete('NUT');
    memory.units.set('THEIRS', { units: 5 });
    expect(await stock.teller.compareDue(code, signal)).toBe(false);
    await query(database.knex, "update integration.channel_comparison set due_at = '-infinity'");
    expect(await stock.teller.compareDue(code, signal)).toBe(true);
    await settled(stock);
    expect(shown(memory)).toEqual({ BOLT: 9, NUT: 4, SCREW: 2, WASHER: 1, THEIRS: 5 });
    const [figures] = await query(database.knex, `select items, waiting, refused, accuracy_ratio as accuracy, lag_seconds_p95 is not null as lag, applied_seconds_p95 >= lag_seconds_p95 as applied
      from integration.channel_figures(now() - interval '1 hour') where channel_code = ?`, [code]);
    expect(figures).toEqual({ items: 4, waiting: 0, refused: 0, accuracy: 0.5, lag: true, applied: true });
    expect(await exceptions()).toEqual([{ key: `unknown-stock:${code}`, state: 'OPEN', message: expect.stringContaining('THEIRS') }]);
  }); // biome-ignore format: one thought

  it('leaves alone what is on its way, and tells everything again to a channel that cannot be asked', async () => {
    await stockUp(database.knex, { BOLT: { EAST: 9 } });
    const memory = memoryChannelStock();
    const deaf = { ...memory, known: null } as unknown as Memory;
    const stock = telling({ [code]: deaf });
    await changed(stock, 'BOLT');
    await settled(stock);
    memory.units.set('BOLT', { units: 99 });
    await stock.teller.compareDue(code, signal);
    await settled(stock);
    expect(shown(memory)).toEqual({ BOLT: 9 });
  });
});
