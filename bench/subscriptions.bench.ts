import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEventBackbone } from '../events/backbone.ts';
import { writeEvents } from '../events/outbox.ts';
import { createLogger } from '../platform/logger.ts';
import { cpuSecondsOf, residentMegabytes } from './capture/cpu.ts';
import { startBenchGateway } from './capture/gateway.ts';
import { report } from './capture/options.ts';
import { latencyOf } from './capture/point.ts';
import { startWorld } from './capture/world.ts';
import { Crowd, type Group } from './edge/crowd.ts';

// `npm run bench:subscriptions`: subscribers of stock on one gateway process, half over SSE and half over WebSocket, in groups that
// watch the same SKU. How long an event takes from its commit to each of them, what it costs, what reconnecting leaves behind, and
// what becomes of subscribers that stop reading. Says on stderr how far it is: connecting is most of it.
const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '10000' },
    groups: { type: 'string', default: '5' },
    events: { type: 'string', default: '30' },
    storms: { type: 'string', default: '4' },
    slow: { type: 'string', default: '100' },
  },
});
const groups = Number(values.groups);
const perGroup = 2 * Math.floor(Number(values.subscribers) / groups / 2);
const subscribers = perGroup * groups;
const slow = 2 * Math.floor(Number(values.slow) / 2);
const SLOW_SKU = 'BENCH-SLOW';
/** Events of one transaction while some do not read: fewer than may wait for their execution. */
const BURST = 200;
/** What waits for one reader, and what the network holds for him, is less than so many long messages. */
const MOST_UNREAD = 4_000;

const kinds = ['sse', 'socket'] as const;
const say = (what: string) => process.stderr.write(`${(performance.now() / 1_000).toFixed(0)} s: ${what}\n`);
const logger = createLogger({ level: 'silent', component: 'bench' });
const world = await startWorld();
const backbone = await openEventBackbone({
  knex: world.knex,
  databaseUrl: world.url,
  redisUrl: null,
  otherProcesses: true,
  sessionName: 'bench-events',
  logger,
});
const relay = backbone.startRelay();
const gateway = await startBenchGateway(world, 1);
const ofAll = (isLong: boolean, sku: string, count: number): Group[] =>
  kinds.map((kind) => ({ sku, subscribers: count / 2, kind, isLong }));
const crowd = new Crowd(
  gateway,
  Array.from({ length: groups }, (_, group) => ofAll(false, skuOf(group), perGroup)).flat(),
);

const rows: string[][] = [];
const memory: string[][] = [];
let version = 0;
try {
  await remember('nobody');
  await connect('connected');
  await measure(`one event, ${perGroup} subscribers`, 1);
  await measure(`${groups} events at once, ${subscribers} subscribers`, groups);
  for (let storm = 1; storm <= Number(values.storms); storm++) {
    await crowd.tell('close');
    await connect(`reconnected ${storm}×`);
  }
  await measure(`one event after that, ${perGroup} subscribers`, 1);
  const cut = slow > 0 ? `\n\n${await stopReading()}` : '';
  await crowd.tell('close');
  for (let look = 0; look < 100 && (await open()) > 0; look++) await sleep(100);
  await remember('all gone');
  const told = tableOf(
    ['what', 'rounds', 'messages', 'executions per event', 'p50 ms', 'p95 ms', 'p99 ms', 'gateway CPU µs per message'],
    rows,
  );
  const kept = tableOf(
    ['gateway, after collecting garbage', 'seconds', 'come again', 'CPU ms each', 'heap MB', 'RSS MB'],
    memory,
  );
  report(
    'subscriptions',
    `${subscribers} subscribers on one gateway process. From the commit of an event to each of them:\n\n${told}\n\n${kept}${cut}`,
  );
} finally {
  crowd.end();
  await gateway.stop();
  await relay.stop();
  await backbone.close();
  await world.stop();
}

/** All subscribe at the same time, as after a restart of something before the gateway. */
async function connect(what: string): Promise<void> {
  const startedAt = performance.now();
  const cpuBefore = cpuSecondsOf(gateway.pid, false);
  const told = await crowd.tell('connect');
  const seconds = (performance.now() - startedAt) / 1_000;
  if (told.open !== subscribers) throw new Error(`${told.open} of ${subscribers} are connected`);
  const cpu = ((cpuSecondsOf(gateway.pid, false) - cpuBefore) * 1_000) / subscribers;
  const refused = [...told.refused].map(([reason, times]) => `${times} × ${reason}`).join(', ') || 'nobody';
  await remember(what, seconds.toFixed(1), refused, cpu.toFixed(2));
}

async function remember(what: string, ...more: readonly string[]): Promise<void> {
  await sleep(1_000); // closes that are under way
  const heap = await gateway.collectGarbage();
  const [seconds = '', refused = '', cpu = ''] = more;
  memory.push([what, seconds, refused, cpu, heap.toFixed(0), residentMegabytes(gateway.pid).toFixed(0)]);
  say(`${what} ${more.join(' ')}, heap ${memory.at(-1)?.slice(-2).join(' MB, RSS ')} MB`);
}

async function measure(what: string, groupsAtOnce: number): Promise<void> {
  const rounds = Number(values.events);
  await crowd.tell('take');
  const executedBefore = await executions();
  const cpuBefore = cpuSecondsOf(gateway.pid, false);
  const expected = rounds * groupsAtOnce * perGroup;
  for (let round = 0; round < rounds; round++) {
    const first = groupsAtOnce === groups ? 0 : round % groups;
    await change(Array.from({ length: groupsAtOnce }, (_, index) => skuOf(first + index)));
    await sleep(groupsAtOnce === 1 ? 300 : 1_000);
  }
  const millis = await take(crowd, expected, what);
  const { p50, p95, p99 } = latencyOf(millis);
  const perEvent = ((await executions()) - executedBefore) / (rounds * groupsAtOnce);
  const cpu = ((cpuSecondsOf(gateway.pid, false) - cpuBefore) * 1_000_000) / expected;
  const numbers = [p50, p95, p99, cpu].map((value) => value.toFixed(0));
  rows.push([what, String(rounds), String(expected), perEvent.toFixed(2), ...numbers]);
  say(`${what}: p95 ${numbers[1]} ms`);
}

/** @throws when a message is missing */
async function take(from: Crowd, expected: number, what: string): Promise<number[]> {
  const millis: number[] = [];
  for (let look = 0; look < 150 && millis.length < expected; look++) {
    await sleep(200);
    for (const each of (await from.tell('take')).millis) millis.push(each);
  }
  if (millis.length !== expected) throw new Error(`${what}: ${millis.length} messages of ${expected} came`);
  return millis;
}

/** Some stop reading while others of their group go on. @returns what became of them */
async function stopReading(): Promise<string> {
  const stalled = new Crowd(gateway, ofAll(true, SLOW_SKU, slow));
  const readers = new Crowd(gateway, ofAll(true, SLOW_SKU, 2));
  try {
    await Promise.all([stalled.tell('connect'), readers.tell('connect')]);
    const before = await open();
    await stalled.tell('stall');
    let unread = 0;
    let most = 0;
    while ((await open()) > before - slow) {
      if (unread >= MOST_UNREAD)
        throw new Error(`${(await open()) - before + slow} that do not read are still connected`);
      await change(Array.from({ length: BURST }, () => SLOW_SKU));
      await take(readers, 2 * BURST, 'who reads beside who does not');
      unread += BURST;
      most = Math.max(most, residentMegabytes(gateway.pid));
    }
    const still = (await open()) - before + slow;
    if (still !== 0) throw new Error(`${-still} more than those that do not read were cut off`);
    say(`cut off after ${unread}`);
    return `${slow} subscribers that stopped reading messages of 20 kB were all cut off by the time ${unread} had been sent; two of their group that read on got each of them, and nobody else lost his connection. RSS of the gateway meanwhile: ${most.toFixed(0)} MB at most.`;
  } finally {
    stalled.end();
    readers.end();
  }
}

/** Changes the stock of SKUs, in one transaction. */
async function change(skus: readonly string[]): Promise<void> {
  const at = new Date().toISOString();
  await world.knex.transaction((trx) =>
    writeEvents(
      trx,
      skus.map((sku) => ({
        type: 'inventory-changed.v1',
        subject: sku,
        version: ++version,
        channelCode: null,
        traceId: '0'.repeat(32),
        data: { sku, locationId: null, available: version, onHand: version, asOf: at },
      })),
    ),
  );
}

async function metric(pattern: RegExp): Promise<number> {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  return [...metrics.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
}

function executions(): Promise<number> {
  return metric(/^gateway_subgraph_duration_seconds_count\{subgraph="inventory".*\} (\d+)$/gm);
}

function open(): Promise<number> {
  return metric(/^gateway_subscriptions\{of="subscribers"\} (\d+)$/gm);
}

function tableOf(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function skuOf(group: number): string {
  return `BENCH-${group + 1}`;
}
