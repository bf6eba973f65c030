import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEventBackbone } from '../events/backbone.ts';
import { writeEvents } from '../events/outbox.ts';
import { createLogger } from '../platform/logger.ts';
import { projectFile } from '../platform/paths.ts';
import { cpuSecondsOf } from './capture/cpu.ts';
import { startBenchGateway } from './capture/gateway.ts';
import { report } from './capture/options.ts';
import { latencyOf } from './capture/point.ts';
import { startWorld } from './capture/world.ts';
import type { Order, Told } from './edge/subscriber-process.ts';

// `npm run bench:subscriptions`: subscribers of stock on one gateway process, half over SSE and half over WebSocket, in groups that
// watch the same SKU. How long an event takes from its commit to each of them, what it costs, and what reconnecting leaves behind.
const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '10000' },
    groups: { type: 'string', default: '5' },
    events: { type: 'string', default: '30' },
    storms: { type: 'string', default: '3' },
  },
});
const subscribers = Number(values.subscribers);
const groups = Number(values.groups);
const perGroup = Math.floor(subscribers / groups);

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
const processes = Array.from({ length: groups }, (_, group) =>
  (['sse', 'socket'] as const).map((kind) => {
    const env = { URL: gateway.url, KEY: gateway.key, SKU: skuOf(group), COUNT: String(perGroup / 2), KIND: kind };
    return fork(projectFile('dist', 'bench', 'edge', 'subscriber-process.js'), { env });
  }),
).flat();

const tell = async (child: ChildProcess, order: Order): Promise<Told> => {
  child.send(order);
  const [told] = (await once(child, 'message')) as [Told];
  return told;
};
const tellAll = (order: Order) => Promise.all(processes.map((child) => tell(child, order)));
const megabytes = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1_024);
const executions = async () => {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  const counts = metrics.matchAll(/^gateway_subgraph_duration_seconds_count\{subgraph="inventory".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
};
let version = 0;
/** Changes the stock of some SKUs in one transaction. */
const change = async (skus: readonly string[]) => {
  version++;
  const at = new Date().toISOString();
  await world.knex.transaction((trx) =>
    writeEvents(
      trx,
      skus.map((sku) => ({
        type: 'inventory-changed.v1',
        subject: sku,
        version,
        channelCode: null,
        traceId: '0'.repeat(32),
        data: { sku, locationId: null, available: version, onHand: version, asOf: at },
      })),
    ),
  );
};

try {
  const rows: string[][] = [];
  const memory: string[] = [`${megabytes()} MB without subscribers`];
  const connectedAt = performance.now();
  const open = (await tellAll('connect')).reduce((sum, told) => sum + told.open, 0);
  if (open !== perGroup * groups) throw new Error(`${open} of ${subscribers} are connected`);
  const connecting = (performance.now() - connectedAt) / 1_000;
  memory.push(`${megabytes()} MB with ${open}`);
  await measure(`one event, ${perGroup} subscribers`, 1);
  await measure(`${groups} events at once, ${open} subscribers`, groups);
  for (let storm = 1; storm <= Number(values.storms); storm++) {
    await tellAll('close');
    await tellAll('connect');
    memory.push(`${megabytes()} MB after reconnecting ${storm}×`);
  }
  await measure(`one event after that, ${perGroup} subscribers`, 1);
  const head = [
    'what',
    'rounds',
    'messages',
    'executions per event',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'gateway CPU µs per message',
  ];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  report(
    'subscriptions',
    `${open} subscribers on one gateway process, connected in ${connecting.toFixed(1)} s. From the commit of an event to each of them:\n\n${table}\n\nMemory of the gateway: ${memory.join(', ')}.`,
  );

  async function measure(what: string, groupsAtOnce: number): Promise<void> {
    const rounds = Number(values.events);
    await tellAll('take');
    const executedBefore = await executions();
    const cpuBefore = cpuSecondsOf(gateway.pid, false);
    const expected = rounds * groupsAtOnce * perGroup;
    for (let round = 0; round < rounds; round++) {
      const first = groupsAtOnce === groups ? 0 : round % groups;
      await change(Array.from({ length: groupsAtOnce }, (_, index) => skuOf(first + index)));
      await sleep(groupsAtOnce === 1 ? 300 : 1_000);
    }
    const millis: number[] = [];
    for (let look = 0; look < 50 && millis.length < expected; look++) {
      await sleep(200);
      for (const told of await tellAll('take')) for (const each of told.millis) millis.push(each);
    }
    if (millis.length !== expected) throw new Error(`${what}: ${millis.length} messages of ${expected} came`);
    const { p50, p95, p99 } = latencyOf(millis);
    const perEvent = ((await executions()) - executedBefore) / (rounds * groupsAtOnce);
    const cpu = ((cpuSecondsOf(gateway.pid, false) - cpuBefore) * 1_000_000) / expected;
    rows.push([
      what,
      String(rounds),
      String(expected),
      perEvent.toFixed(2),
      ...[p50, p95, p99, cpu].map((value) => value.toFixed(0)),
    ]);
  }
} finally {
  for (const child of processes) child.kill();
  await gateway.stop();
  await relay.stop();
  await backbone.close();
  await world.stop();
}

function skuOf(group: number): string {
  return `BENCH-${group + 1}`;
}
