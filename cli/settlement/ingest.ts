import { createReadStream, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import {
  createThrottle,
  type IngestOutcome,
  type IngestProgress,
  ingestReport,
  type ReportSource,
} from '../../subgraphs/settlement/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment, usage } from '../failure.ts';
import { type Store, withStore } from '../store.ts';
import type { Terminal } from '../terminal.ts';
import { commandActor } from './actor.ts';
import { FORMATS } from './formats.ts';

/** `commerce settlement ingest` */
export async function ingest(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const channelCode = invocation.value('channel');
  const format = invocation.value('format') as keyof typeof FORMATS | undefined;
  if (channelCode === undefined) throw usage('Which channel sent the report? Say --channel <code>, such as AMAZON.');
  if (format === undefined) throw usage(`Which format is it? Say --format with one of: ${Object.keys(FORMATS).join(', ')}.`); // biome-ignore format: one thought
  const share = Number(invocation.value('share') ?? 1);
  if (!(share >= 0.1 && share <= 1)) throw usage('--share is a number from 0.1 to 1.');
  const encoding = invocation.value('encoding');
  if (encoding !== undefined && !isEncoding(encoding)) throw usage(`There is no encoding "${encoding}".`);

  const files = invocation.arguments.map((name) => ({ path: resolve(name), size: sizeOf(name) }));
  let refused = 0;
  await withStore(async (store) => {
    for (const { path, size } of files) {
      const source: ReportSource = {
        channelCode,
        format: FORMATS[format],
        fileName: basename(path),
        receivedBy: commandActor(),
        ...(encoding === undefined ? {} : { encoding }),
        bytes: () => createReadStream(path, { highWaterMark: 256 * 1024 }),
      };
      const outcome = await ingestOne(store, source, share, terminal, size);
      if (outcome.kind === 'REFUSED') refused += 1;
      terminal.out(invocation.flag('json') ? JSON.stringify({ file: source.fileName, ...outcome }) : say(source, outcome, terminal)); // biome-ignore format: one thought
    }
  });
  return refused === 0 ? EXIT.OK : EXIT.REFUSED;
}

/** Bytes from which on somebody wants to see that it goes on. */
const LARGE = 4 * 1024 * 1024;

function ingestOne(
  { knex }: Store,
  source: ReportSource,
  share: number,
  terminal: Terminal,
  size: number,
): Promise<IngestOutcome> {
  let said = 0;
  const onProgress = ({ bytes, totalBytes, lines }: IngestProgress) => {
    const percent = Math.floor((100 * bytes) / totalBytes);
    if (totalBytes < LARGE || percent < said + 10) return;
    said = percent;
    terminal.note(
      `${source.fileName ?? ''}: ${percent} % of ${Math.round(size / 1e6)} MB, ${lines.toLocaleString('en')} lines`,
    );
  };
  return ingestReport(knex, source, { throttle: createThrottle(knex, { share, yieldAbove: Number.POSITIVE_INFINITY }), onProgress }); // biome-ignore format: one thought
}

function say({ fileName }: ReportSource, outcome: IngestOutcome, { style }: Terminal): string {
  switch (outcome.kind) {
    case 'INGESTED':
      return `${fileName}: ${style('green', 'taken in')} as ${outcome.settlementId}, ${outcome.lineCount.toLocaleString('en')} lines`;
    case 'DUPLICATE':
      return `${fileName}: ${style('yellow', 'known')}: the same bytes were taken in before as ${outcome.settlementId}; nothing was done`;
    case 'REFUSED':
      return `${fileName}: ${style('red', `refused, ${outcome.code}`)}: ${outcome.message} Nothing of it was stored.`;
  }
}

function sizeOf(name: string): number {
  const stats = statSync(resolve(name), { throwIfNoEntry: false });
  if (!stats?.isFile()) throw environment(`${name} is not a file that can be read.`);
  return stats.size;
}

function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
}
