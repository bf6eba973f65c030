import { parseArgs } from 'node:util';
import globalSetup from '../helpers/global-setup.ts';
import globalTeardown from '../helpers/global-teardown.ts';
import { countsOf, fillQueue, progressOf, retryAll } from './scenario.ts';
import { startReplayWorld } from './world.ts';

// `npm run test:replay`: a queue of set-aside events is tried again while orders are placed. Exit code 1 when an event
// had no effect, or two; times are told and not judged.
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000' },
    clients: { type: 'string', default: '4' },
    'per-second': { type: 'string', default: '100' },
  },
});
const events = Number(values.events);
const perTurn = Number(values['per-second']);
const ALONE_MILLIS = 15_000;

const percentile = (times: readonly number[], share: number) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;

/** Clients that place one order after the other until the signal aborts. @returns how long each order took */
async function placeOrders(place: () => Promise<number>, signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  const client = async () => {
    while (!signal.aborted) times.push(await place());
  };
  await Promise.all(Array.from({ length: Number(values.clients) }, client));
  return times;
}

await globalSetup();
const world = await startReplayWorld();
try {
  await fillQueue(world, events);
  const before = await countsOf(world);
  process.stdout.write(`queue: ${before.open} exceptions, ${before.cancelledUnits} effects\n`);
  const alone = await placeOrders(world.placeOrder, AbortSignal.timeout(ALONE_MILLIS));

  const id = await retryAll(world, 'all');
  const ended = new AbortController();
  const live = placeOrders(world.placeOrder, ended.signal);
  const began = Date.now();
  // Workers that stop after ten seconds each: the next goes on where it stopped.
  for (let workers = 1; (await progressOf(world, id)).state !== 'FINISHED'; workers++) {
    await world.work(perTurn, 1_000, AbortSignal.timeout(10_000));
    const { done, failed, count } = await progressOf(world, id);
    process.stdout.write(`worker ${workers}: ${done} done, ${failed} failed of ${count}\n`);
  }
  const seconds = (Date.now() - began) / 1_000;
  ended.abort();
  const beside = await live;

  const after = await countsOf(world);
  const tell = (name: string, times: readonly number[]) =>
    `${name}: ${times.length} orders, p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms\n`;
  process.stdout.write(tell('orders alone', alone) + tell('orders beside the replay', beside));
  process.stdout.write(`p99 beside / alone: ${(percentile(beside, 0.99) / percentile(alone, 0.99)).toFixed(2)}\n`);
  process.stdout.write(`replayed in ${seconds.toFixed(0)} s; ${JSON.stringify(after)}\n`);
  const right =
    before.open === events &&
    before.cancelledUnits === 0 &&
    after.open === 0 &&
    after.resolved === events &&
    after.cancelledUnits === events &&
    after.releases === events;
  process.stdout.write(right ? 'every event had its effect once\n' : 'WRONG: an event had no effect, or two\n');
  process.exitCode = right ? 0 : 1;
} finally {
  await world.stop();
  await globalTeardown();
}
