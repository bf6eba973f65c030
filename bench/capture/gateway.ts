import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Pool } from 'undici';
import { createApiKey } from '../../gateway/access/api-keys.ts';
import { seedDevelopmentAccess } from '../../gateway/access/development-access.ts';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { isAgain } from './patiently.ts';
import type { BenchWorld } from './world.ts';

export interface RunningGateway {
  readonly pid: number;
  /** Such as http://127.0.0.1:4000. */
  readonly url: string;
  /** Of the storefront, on the channel WEB. */
  readonly key: string;
  /** Sends an operation of the storefront's contract, as the shop would. @returns the answer's data; throws on errors, as CommerceError when it is told to come again */
  send(operation: string, variables: object): Promise<NonNullable<Told['data']>>;
  /** A mutation that asks for nothing of a subgraph: what the gateway costs by itself. */
  sendNothing(): Promise<boolean>;
  /** Collects garbage in the gateway. @returns what is left on its heap, in megabytes */
  collectGarbage(): Promise<number>;
  stop(): Promise<void>;
}

interface Line {
  readonly msg?: string;
  readonly port?: number;
  readonly heapMegabytes?: number;
}

/** What the bench reads of an answer. */
interface Told {
  readonly data?: Record<string, Payload | undefined> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

interface Payload {
  readonly order?: object | null;
  readonly reservation?: object | null;
  readonly userErrors?: readonly { readonly code: string; readonly message: string }[];
}

/** The gateway in a process of its own, over HTTP. `--cpu-prof` with PROFILE set to a folder. */
export async function startBenchGateway(
  world: BenchWorld,
  connections: number,
  options: {
    /** Of dist/, instead of the gateway with all subgraphs in it. */
    readonly entry?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<RunningGateway> {
  const nowhere = 'http://127.0.0.1:9';
  const profile = process.env.PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`] : [];
  await seedDevelopmentAccess(world.knex); // its channels; the keys are refused in production
  const key = await createApiKey(world.knex, { clientId: 'bench', contracts: ['storefront'], channelCode: 'WEB' });
  const child = spawn(
    process.execPath,
    [
      ...profile,
      '--expose-gc',
      '--max-semi-space-size=32',
      projectFile('dist', options.entry ?? 'bench/capture/gateway-process.js'),
    ],
    {
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        SUBGRAPH_SECRET: randomUUID(),
        DATABASE_URL: world.url,
        DATA_DIR: world.dataDir,
        PORT: '0',
        LOG_LEVEL: 'info',
        ERP_URL: nowhere,
        OMS_URL: nowhere,
        WMS_URL: nowhere,
        CARRIER_URL: nowhere,
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface(child.stdout);
  /** The next line of the log that says so. */
  const said = (msg: string) =>
    new Promise<Line>((resolve, reject) => {
      const read = (line: string) => {
        const entry = line.startsWith('{') ? (JSON.parse(line) as Line) : {};
        if (entry.msg !== msg) return;
        lines.off('line', read);
        child.off('exit', ended);
        resolve(entry);
      };
      const ended = (code: number | null) => reject(new Error(`the gateway ended with ${code}`));
      lines.on('line', read);
      child.once('exit', ended);
    });
  const url = `http://127.0.0.1:${(await said('gateway listens')).port}`;
  const pool = new Pool(url, { connections, pipelining: 1 });
  const documents = new Map<string, string>();
  const documentOf = (operation: string) => {
    const known = documents.get(operation);
    if (known) return known;
    const text = readFileSync(projectFile('schema', 'operations', 'storefront', `${operation}.graphql`), 'utf8');
    documents.set(operation, text);
    return text;
  };
  const ask = async (body: object) => {
    const answer = await pool.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify(body),
    });
    const told = (await answer.body.json()) as Told;
    const [error] = told.errors ?? [];
    if (error && isAgain(error.extensions?.code)) throw new CommerceError(error.extensions.code, error.message);
    if (error || !told.data) throw new Error(JSON.stringify(told.errors));
    // Only orderPlace says it as data that a request still runs.
    const refused = told.data.orderPlace?.userErrors?.[0];
    if (refused && isAgain(refused.code)) throw new CommerceError(refused.code, refused.message);
    return told.data;
  };
  return {
    pid: child.pid ?? 0,
    url,
    key,
    send: (operation, variables) => ask({ query: documentOf(operation), variables }),
    sendNothing: async () => '__typename' in (await ask({ query: 'mutation { __typename }' })),
    async collectGarbage() {
      const collected = said('collected');
      child.kill('SIGUSR2');
      return (await collected).heapMegabytes ?? Number.NaN;
    },
    async stop() {
      await pool.close();
      child.kill('SIGINT');
      await once(child, 'exit');
    },
  };
}
