import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { sleep } from '../../platform/clock.ts';
import { projectFile } from '../../platform/paths.ts';
import type { Finding } from '../chaos/finding.ts';
import type { KeptProcess } from '../chaos/processes.ts';
import { withDatabase } from '../chaos/shop.ts';

/** Who is handed all of its events again. Those that follow every SKU's stock are left out: they take what is there now. */
const CONSUMERS = ['orchestrator', 'settlement:orders', 'order:channel-notices', 'orchestrator:exceptions', 'order:channel-duties']; // biome-ignore format: one thought
const DOWN: readonly string[] = ['erp', 'oms', 'wms'];
/** Of a workflow `shipment:…`, whose every step may run again. */
const FIRST_STEP = 'mark-shipped';
/** How long all of it may take, in milliseconds. */
const PATIENCE_MILLIS = 600_000;
const run = promisify(execFile);

/**
 * Replays everything twice, events from the last consumer to the first and then the other way round, with every shipment's
 * workflow between them; the systems of record stand still while it begins. What it did is for the systems' books to say.
 *
 * @returns what of it did not end, or failed
 */
export async function replayEverything(databaseUrl: string, processes: readonly KeptProcess[]): Promise<Finding[]> {
  const rows = <Row extends object>(statement: string) => withDatabase(databaseUrl, async (client) => (await client.query<Row>(statement)).rows); // biome-ignore format: one thought
  const shipments = await rows<{ id: string }>('select id from fulfillment.shipment order by id');
  const replay = (...words: readonly string[]) =>
    run(
      process.execPath,
      [projectFile('dist', 'cli', 'main.js'), 'replay', ...words, '--reason', 'crash', '--no-wait'],
      {
        env: { PATH: process.env.PATH ?? '', DATABASE_URL: databaseUrl },
      },
    );
  const down = processes.filter(({ name }) => DOWN.includes(name));
  for (const system of down) system.freeze();
  try {
    for (const consumers of [CONSUMERS.toReversed(), CONSUMERS]) {
      for (const consumer of consumers) await replay('events', '--consumer', consumer, '--from', '1');
      for (const { id } of shipments) await replay('workflow', `shipment:${id}`, '--from-step', FIRST_STEP);
    }
  } finally {
    for (const system of down) system.thaw();
  }
  const jobs = () => rows<{ kind: string; state: string; request: object; done: number; failed: number; message: string | null }>('select kind, state, request, done, failed, message from integration.desk_job'); // biome-ignore format: one thought
  for (const deadline = Date.now() + PATIENCE_MILLIS; Date.now() < deadline; await sleep(500))
    if ((await jobs()).every(({ state }) => state === 'FINISHED')) break;
  const ended = await jobs();
  // A workflow that runs again because of the one request is under way when the other comes.
  const isFault = ({ state, failed, message }: (typeof ended)[number]) => state !== 'FINISHED' || (failed > 0 && !message?.includes('is under way')); // biome-ignore format: one thought
  return [
    {
      invariant: 'I6',
      what: 'replays that did not end, or failed',
      counted: ended.reduce((sum, { done }) => sum + done, 0),
      faults: ended.filter(isFault).map((job) => JSON.stringify(job)),
    },
  ];
}
