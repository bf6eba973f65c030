import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { Pool } from 'undici';
import { projectFile } from '../../platform/paths.ts';
import { cpuSecondsOf, residentMegabytes } from '../capture/cpu.ts';
import { closedLoop } from '../capture/point.ts';
import { QUERY } from './shop.ts';

/** The same for all: half as much costs each of them a third of its throughput. */
const FLAGS = ['--max-semi-space-size=64'];
export interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Starts a process of bench/gateway. With PROFILE set to a folder, a gateway writes its CPU profile there. */
export async function start(file: string, args: readonly string[], message?: object): Promise<Running> {
  const { PROFILE, PATH } = process.env;
  const profile = PROFILE && args.length > 0 ? ['--cpu-prof', `--cpu-prof-dir=${PROFILE}`] : [];
  const child = fork(projectFile('dist', 'bench', 'gateway', file), args, {
    execArgv: [...FLAGS, ...profile],
    env: { PATH, NODE_ENV: 'production', APOLLO_TELEMETRY_DISABLED: 'true' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ${args} ended with ${code}`)));
  failed.catch(() => undefined);
  if (message) child.send(message);
  const [{ port }] = (await Promise.race([once(child, 'message'), failed])) as [{ port: number }];
  return { child, port };
}

export async function stop({ child }: Running): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

export interface Measured {
  readonly perSecond: number;
  /** Milliseconds of CPU for a request, of the gateway's process with all its threads. */
  readonly cpuMillis: number;
  /** Milliseconds from sending to the last byte. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** In RAM, at the end. */
  readonly megabytes: number;
}

/** The answer that all gateways must give. */
export interface Expected {
  data?: object;
  text: string;
}

export interface Load {
  readonly clients: number;
  readonly seconds: number;
  /** Seconds before those that count: a running shop runs compiled code. */
  readonly warmSeconds: number;
  /** Whether each client has a credential of its own: then nothing can be shared between them. */
  readonly isDistinct: boolean;
}

/**
 * Runs one gateway under load, alone, and checks every answer.
 * @throws Error for an answer that differs from what the first gateway gave
 */
export async function measure(name: string, supergraph: string, load: Load, expected: Expected): Promise<Measured> {
  const gateway = await start('gateway-process.js', [name], { supergraph });
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: load.clients, pipelining: 1 });
  const body = JSON.stringify({ query: QUERY });
  const ask = async (client: number, method: 'POST' | 'PUT' = 'POST', sent = body) => {
    const credential = load.isDistinct ? `client-${client}` : 'client';
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${credential}` };
    const answer = await pool.request({ path: '/graphql', method, headers, body: sent });
    return answer.body.text();
  };
  const pid = gateway.child.pid ?? 0;
  try {
    if (name === 'floor') await ask(0, 'PUT', expected.text);
    const text = await ask(0);
    const { data } = JSON.parse(text) as { data?: object };
    expected.data ??= data ?? {};
    expected.text ||= text;
    if (!data || !isDeepStrictEqual(data, expected.data))
      throw new Error(`${name} answers otherwise: ${text.slice(0, 300)}`);
    const written = JSON.stringify(data);
    const isRight = async (client: number) => {
      if (!(await ask(client)).includes(written)) throw new Error(`${name} gave an answer that is not right`);
      return true;
    };
    await closedLoop(load.clients, load.warmSeconds, isRight);
    const before = cpuSecondsOf(pid, false);
    const { done, perSecond, p50, p95, p99 } = await closedLoop(load.clients, load.seconds, isRight);
    const cpu = cpuSecondsOf(pid, false) - before;
    return { perSecond, cpuMillis: (cpu * 1_000) / done, p50, p95, p99, megabytes: residentMegabytes(pid) };
  } finally {
    await pool.destroy();
    await stop(gateway);
  }
}
