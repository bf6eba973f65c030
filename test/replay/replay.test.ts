import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commands } from '../../cli/commands.ts';
import { runCommandLine } from '../../cli/run.ts';
import { verifyAudit } from '../../platform/audit/audit.ts';
import { query } from '../../platform/db/query.ts';
import { countsOf, fillQueue, progressOf, retryAll, workUntil } from './scenario.ts';
import { cancelledEvent, type ReplayWorld, startReplayWorld } from './world.ts';

const EVENTS = 60;
let world: ReplayWorld;
const before = process.env.DATABASE_URL;
beforeAll(async () => {
  world = await startReplayWorld();
  process.env.DATABASE_URL = world.database.url;
  await fillQueue(world, EVENTS);
}, 60_000);
afterAll(async () => {
  if (before === undefined) delete process.env.DATABASE_URL;
  else process.env.DATABASE_URL = before;
  await world.stop();
});

let out: string[] = [];
async function run(...words: string[]) {
  out = [];
  const add = (line: string) => void out.push(line);
  return runCommandLine(commands, words, { out: add, note: add, style: (_, text) => text });
}
const finished = (id: string) => async () => (await progressOf(world, id)).state === 'FINISHED';

describe('a bulk retry of set-aside events', () => {
  let job: string;

  it('is asked for once per key, about what is open at this moment, with a reason in the audit', async () => {
    expect(await countsOf(world)).toEqual({ open: EVENTS, resolved: 0, cancelledUnits: 0, releases: 0 });
    job = await retryAll(world, 'all');
    expect(await retryAll(world, 'all')).toBe(job);
    expect(await progressOf(world, job)).toEqual({
      state: 'RUNNING',
      count: EVENTS,
      done: 0,
      failed: 0,
      finishedAt: null,
    });
    const audit = await query(world.knex, 'select action, subject, reason from integration.audit');
    expect(audit).toEqual([{ action: 'integrationExceptionsRetry', subject: job, reason: 'The table is back.' }]);
    await expect(
      world.ask(
        'mutation { integrationExceptionsRetry(filter: {}, input: { idempotencyKey: "x", reason: " " }) { job { id } } }',
      ),
    ).rejects.toThrow('BAD_USER_INPUT');
  });

  it('goes on where a worker stopped, keeps its pace, and lets live orders through', async () => {
    const stopping = new AbortController();
    const turn = world.work(10, 5, stopping.signal);
    stopping.abort(); // after one turn
    await turn;
    await world.placeOrder();
    expect(await countsOf(world)).toEqual({ open: EVENTS - 10, resolved: 10, cancelledUnits: 10, releases: 10 });
    await workUntil(world, 25, 5, finished(job));
    expect(await progressOf(world, job)).toMatchObject({
      count: EVENTS,
      done: EVENTS,
      failed: 0,
      finishedAt: expect.any(String),
    });
    expect(await countsOf(world)).toEqual({ open: 0, resolved: EVENTS, cancelledUnits: EVENTS, releases: EVENTS });
  });

  it('is finished at once when there is nothing to retry', async () => {
    expect(await progressOf(world, await retryAll(world, 'nothing'))).toMatchObject({ state: 'FINISHED', count: 0 });
  });

  it('tells what failed again, which does not stop its neighbours', async () => {
    await world.knex.raw(`
      create function settlement.refuse_poison() returns trigger language plpgsql as $$
      begin if new.order_id = 'ord_1' then raise exception 'poison'; end if; return new; end $$;
      create trigger poison before update on settlement.channel_order_line for each row execute function settlement.refuse_poison()`);
    await world.write([1, 2].map((number) => ({ ...cancelledEvent(number), version: 3 })));
    await world.consume();
    expect(await countsOf(world)).toMatchObject({ open: 1, cancelledUnits: EVENTS + 1 });
    const id = await retryAll(world, 'poison');
    await workUntil(world, 25, 5, finished(id));
    expect(await progressOf(world, id)).toMatchObject({ state: 'FINISHED', count: 1, done: 0, failed: 1 });
    const [exception] = await query(
      world.knex,
      `select state, attempts from integration.exception where state <> 'RESOLVED'`,
    );
    expect(exception).toEqual({ state: 'OPEN', attempts: 2 });
  });
});

describe('a replay of events', () => {
  /** Everything that the consumers keep; equal before and after means that nothing had a second effect. */
  const kept = async () =>
    query(
      world.knex,
      `select (select md5(string_agg(l::text, '|' order by l::text)) from settlement.channel_order_line l) as lines,
         (select md5(string_agg(d::text, '|' order by d::text)) from settlement.posting_due d) as due,
         (select md5(string_agg(m::text, '|' order by m::text)) from settlement.channel_order m) as orders,
         (select md5(string_agg(s::text, '|' order by s::text)) from product.sellable s) as sellable`,
    );

  it.each([
    ['settlement:orders', 2 * EVENTS + 2, 1],
    ['product.sellable', 3, 0],
  ])('hands them to %s again without a second effect', async (consumer, events, failed) => {
    if (consumer === 'product.sellable') {
      const stock = (version: number, available: number) => ({ type: 'inventory-changed.v1' as const, subject: 'LANTERN', version, channelCode: null, traceId: '0'.repeat(32), data: { sku: 'LANTERN', locationId: null, available, onHand: 9, asOf: '2026-11-23T09:00:00Z' } }); // biome-ignore format: one thought
      await world.write([stock(1_000_001, 7), stock(1_000_002, 3), stock(1_000_003, 9)]);
      await world.consume();
      expect(await query(world.knex, `select available from product.sellable where sku = 'LANTERN'`)).toEqual([
        { available: 9 },
      ]);
    }
    const then = await kept();
    const from = ['replay', 'events', '--consumer', consumer, '--from', '1'];
    const types = consumer === 'settlement:orders' ? ['--type', 'order-placed.v1', '--type', 'order-cancelled.v1'] : ['--type', 'inventory-changed.v1']; // biome-ignore format: one thought
    expect(await run(...from, ...types, '--dry-run')).toBe(0);
    expect(Number(out.at(-1))).toBe(events + failed);
    expect(await run(...from, ...types, '--reason', 'Checked', '--no-wait')).toBe(0);
    const id = out.at(-1) ?? '';
    const jobOf = () => query<Record<string, unknown>>(world.knex, 'select state, done, failed, total from integration.desk_job where id = ?', [id]); // biome-ignore format: one thought
    await workUntil(world, 50, 5, async () => (await jobOf())[0]?.state === 'FINISHED');
    expect(await jobOf()).toEqual([{ state: 'FINISHED', done: events, failed, total: events + failed }]);
    expect(await kept()).toEqual(then);
  });

  it('measures its progress by what the consumer reads of the range', async () => {
    const jobOf = async (id: string) => (await query<{ state: string; handed: number; total: number }>(world.knex, 'select state, done + failed as handed, total from integration.desk_job where id = ?', [id]))[0]; // biome-ignore format: one thought
    expect(await run('replay', 'events', '--consumer', 'product.sellable', '--from', '1', '--reason', 'x', '--no-wait')).toBe(0); // biome-ignore format: one thought
    const id = out.at(-1) ?? '';
    const planned = (await jobOf(id))?.total ?? 0;
    const oneTurn = new AbortController();
    const working = world.work(0, 0, oneTurn.signal);
    oneTurn.abort();
    await working;
    expect(await jobOf(id)).toEqual({ state: 'RUNNING', handed: 0, total: 3 });
    expect(planned).toBeGreaterThan(3);
    await workUntil(world, 50, 5, async () => (await jobOf(id))?.state === 'FINISHED');
    expect(await jobOf(id)).toEqual({ state: 'FINISHED', handed: 3, total: 3 });
  });

  it('narrows to a subject and a range, and resolves what is handled now', async () => {
    await world.knex.raw('drop trigger poison on settlement.channel_order_line');
    await run('replay', 'events', '--consumer', 'settlement:orders', '--from', '1', '--subject', 'ord_1', '--type', 'order-cancelled.v1', '--reason', 'Mended', '--no-wait'); // biome-ignore format: one thought
    const id = out.at(-1) ?? '';
    await workUntil(world, 50, 5, async () => (await query(world.knex, `select 1 from integration.desk_job where id = ? and state = 'FINISHED'`, [id])).length === 1); // biome-ignore format: one thought
    expect(await query(world.knex, 'select done, failed from integration.desk_job where id = ?', [id])).toEqual([{ done: 2, failed: 0 }]); // biome-ignore format: one thought
    expect(await countsOf(world)).toMatchObject({ open: 0 });
  });

  it.each([
    [
      ['--consumer', 'settlement', '--from', '1'],
      /There is no consumer settlement; there is product.sellable, settlement:orders/,
    ],
    [['--consumer', 'settlement:orders', '--from', 'yesterday'], /yesterday is no place/],
    [['--consumer', 'settlement:orders', '--from', 'abcdefgh-0000000000000001'], /no sequence of this log/],
    [['--consumer', 'settlement:orders'], /--consumer and --from are needed/],
    [['--consumer', 'settlement:orders', '--from', '1'], /--reason is needed/],
  ])('refuses %j', async (options, message) => {
    const withReason = message.source.includes('reason') ? options : [...options, '--reason', 'x'];
    expect(await run('replay', 'events', ...withReason)).toBe(2);
    expect(out.join('\n')).toMatch(message);
  });
});

describe('the command line of the exception desk', () => {
  const raise = (key: string) =>
    world.operations.exceptions.raise({ key, cause: 'UNAVAILABLE', system: 'wms', operation: 'release-work-0', message: 'WMS is away', orderId: null, channelCode: null, workflowId: `order:${key}`, traceId: '0'.repeat(32) }); // biome-ignore format: one thought

  it('lists, retries and dismisses with a reason', async () => {
    await raise('a');
    expect(await run('exceptions', 'list', '--system', 'wms', '--json')).toBe(0);
    const { id, owner } = JSON.parse(out[0] ?? '{}');
    expect(owner).toBe('warehouse-systems');
    expect(await run('exceptions', 'retry', id)).toBe(2);
    expect(await run('exceptions', 'retry', '--reason', 'x')).toBe(2);
    expect(await run('exceptions', 'retry', id, '--reason', 'It is back')).toBe(0);
    expect(await run('exceptions', 'list', '--state', 'RETRYING')).toBe(0);
    expect(out.join()).toContain(`${id}  RETRYING  UNAVAILABLE  wms/release-work-0`);
    expect(await run('exceptions', 'dismiss', id, '--reason', 'By hand')).toBe(0);
    expect(await run('exceptions', 'dismiss', id, '--reason', 'By hand')).toBe(1);
    expect(out).toEqual([expect.stringMatching(/^ALREADY_CLOSED {2}The exception is DISMISSED; /)]);
    const rows = await query<{ action: string }>(world.knex, `select action from integration.audit where subject = ? order by position`, [id]); // biome-ignore format: one thought
    expect(rows.map(({ action }) => action)).toEqual(['integrationExceptionRetry', 'integrationExceptionDismiss']);
    expect((await verifyAudit(world.knex)).faults).toEqual([]);
  });
});
