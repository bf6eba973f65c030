import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { Pool } from 'undici';
import { projectFile } from '../platform/paths.ts';
import { cpuSecondsOf, residentMegabytes } from './capture/cpu.ts';
import { report } from './capture/options.ts';
import { closedLoop } from './capture/point.ts';
import { QUERY, supergraphAt } from './gateway/shop.ts';

// `npm run bench:gateway`: the scenario of the public gateway benchmark, one gateway process after the other. Every client
// has a credential of its own, so that nothing can be shared between them. For Hive: `npm install` in bench/gateway.
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '50' },
    gateways: { type: 'string', default: 'apollo,hive,hive-rust,ours-uncompiled,ours,floor' },
  },
});
const clients = Number(values.clients);
const names = values.gateways.split(',');
const FLAGS = ['--max-semi-space-size=64'];

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(file: string, args: readonly string[], message?: object): Promise<Running> {
  const child = fork(projectFile('dist', 'bench', 'gateway', file), args, {
    execArgv: FLAGS,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', APOLLO_TELEMETRY_DISABLED: 'true' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ${args} ended with ${code}`)));
  failed.catch(() => undefined);
  if (message) child.send(message);
  const [{ port }] = (await Promise.race([once(child, 'message'), failed])) as [{ port: number }];
  return { child, port };
}

async function stop({ child }: Running): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

interface Measured {
  readonly name: string;
  readonly perSecond: number;
  readonly cpuMillis: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly megabytes: number;
}

/** @param expected the data of the answer, as the first gateway gave it */
async function measure(
  name: string,
  supergraph: string,
  expected: { data?: unknown; text: string },
): Promise<Measured> {
  const gateway = await start('gateway-process.js', [name], { supergraph });
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: clients, pipelining: 1 });
  const body = JSON.stringify({ query: QUERY });
  const ask = async (client: number, method = 'POST', sent = body) => {
    const headers = {
      'content-type': 'application/json',
      'x-api-key': `client-${client}`,
      authorization: `Bearer ${client}`,
    };
    const answer = await pool.request({ path: '/graphql', method, headers, body: sent });
    return answer.body.text();
  };
  try {
    if (name === 'floor') await ask(0, 'PUT', expected.text);
    const text = await ask(0);
    const { data } = JSON.parse(text) as { data?: object };
    expected.data ??= data;
    expected.text ||= text;
    if (!data || !isDeepStrictEqual(data, expected.data))
      throw new Error(`${name} answers otherwise: ${text.slice(0, 300)}`);
    const length = text.length;
    const isRight = async (client: number) => Math.abs((await ask(client)).length - length) < 200; // costs and traces differ
    await closedLoop(clients, 2, isRight); // compiled code, as in a running shop
    const before = cpuSecondsOf(gateway.child.pid ?? 0, false);
    const millis: number[] = [];
    const point = await closedLoop(clients, Number(values.seconds), async (client) => {
      const sentAt = performance.now();
      const right = await isRight(client);
      millis.push(performance.now() - sentAt);
      return right;
    });
    const cpu = cpuSecondsOf(gateway.child.pid ?? 0, false) - before;
    if (point.done !== millis.length) throw new Error(`${name}: ${millis.length - point.done} answers were not whole`);
    millis.sort((a, b) => a - b);
    return {
      name,
      perSecond: point.perSecond,
      cpuMillis: (cpu * 1_000) / point.done,
      p50: point.p50,
      p95: millis[Math.floor(millis.length * 0.95)] ?? Number.NaN,
      p99: point.p99,
      megabytes: residentMegabytes(gateway.child.pid ?? 0),
    };
  } finally {
    await pool.destroy();
    await stop(gateway);
  }
}

const subgraphs = await start('subgraphs-process.js', []);
const rows = new Map<string, Measured[]>(names.map((name) => [name, []]));
const expected = { text: '' };
try {
  const supergraph = supergraphAt(subgraphs.port);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const name of names) rows.get(name)?.push(await measure(name, supergraph, expected));
} finally {
  await stop(subgraphs);
}
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const base = rows.get('apollo') ?? [];
const lines = [...rows].map(([name, runs]) => {
  const of = (part: Exclude<keyof Measured, 'name'>) => median(runs.map((run) => run[part]));
  const ratio = median(runs.map((run, round) => (base[round]?.cpuMillis ?? Number.NaN) / run.cpuMillis));
  const cells = [of('perSecond').toFixed(0), of('cpuMillis').toFixed(2), `${ratio.toFixed(1)}×`];
  return [name, ...cells, ...(['p50', 'p95', 'p99', 'megabytes'] as const).map((part) => of(part).toFixed(0))];
});
const head = ['gateway', 'per second', 'CPU ms', 'CPU to apollo', 'p50 ms', 'p95 ms', 'p99 ms', 'RSS MB'];
const answer = `${clients} distinct clients, answer of ${(expected.text.length / 1_000).toFixed(0)} kB, medians of ${values.rounds} rounds`;
report(
  'gateway',
  `${answer}\n\n${[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`,
);
