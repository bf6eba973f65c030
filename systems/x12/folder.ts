import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../platform/clock.ts';
import type { ObservedJournal } from '../../platform/observed/journal.ts';
import type { FileOutcome, X12Exchange } from './exchange.ts';
import type { X12Partner } from './partners.ts';
import { type KeptFile, STREAMS } from './records.ts';
import { givenMark } from './traffic.ts';

export interface X12FolderDeps {
  readonly partner: X12Partner;
  /** Absolute. `in/` is what the 3PL writes to us, `out/` what it reads. */
  readonly folder: string;
  readonly journal: ObservedJournal;
  readonly exchange: X12Exchange;
  /** A file is read when it did not change for so long; 5 seconds unless told. */
  readonly settleMillis?: number;
  /** For tests. */
  readonly now?: () => Date;
  /** After a file was taken in, before it is put away: a process that ends between takes it again, which changes nothing. */
  onDone(file: string, outcome: FileOutcome): Promise<void>;
  /** Hears of outages and bugs; the file stays and is tried again. */
  onFailure(error: unknown): void;
}

const LOOK_EVERY_MILLIS = 2_000;
const SETTLE_MILLIS = 5_000;
const LARGEST_BYTES = 20_000_000;
const PAGE = 100;

/**
 * Reads what a 3PL puts into `in/`, in the order of the names, and writes what it is told into `out/`. A name that begins with a
 * dot or ends with `.part` is a file that somebody is writing. What was taken in moves to `in/processed/`; what was not, or not
 * wholly, to `in/refused/`, beside it `<name>.reason.txt`.
 */
export function createX12Folder(deps: X12FolderDeps) {
  const { partner, folder, journal, exchange, settleMillis = SETTLE_MILLIS, now = () => new Date() } = deps;
  const [inbox, outbox] = [join(folder, 'in'), join(folder, 'out')];
  const seen = new Map<string, { readonly version: string; readonly since: number }>();

  async function isSettled(name: string): Promise<boolean> {
    const found = await stat(join(inbox, name)).catch(() => null);
    if (!found?.isFile()) return false;
    const version = `${found.ino} ${found.size} ${found.mtimeMs}`;
    const before = seen.get(name);
    if (before?.version === version) return Date.now() - before.since >= settleMillis;
    seen.set(name, { version, since: Date.now() });
    return settleMillis === 0;
  }

  async function takeFile(name: string): Promise<void> {
    const path = join(inbox, name);
    const { size } = await stat(path);
    const outcome: FileOutcome =
      size > LARGEST_BYTES
        ? { taken: 0, problems: [`the file is larger than ${LARGEST_BYTES} bytes`], refusals: [] }
        : await exchange.takeIn(partner, await readFile(path, 'utf8'));
    await deps.onDone(name, outcome);
    const isRefused = outcome.problems.length > 0;
    const target = join(inbox, isRefused ? 'refused' : 'processed');
    await mkdir(target, { recursive: true });
    const kept = await freeName(target, name);
    if (isRefused) await writeFile(join(target, `${kept}.reason.txt`), reasonOf(outcome));
    await rename(path, join(target, kept));
    seen.delete(name);
  }

  async function writeOut(): Promise<void> {
    const [mark] = await journal.find<{ position: number }>(STREAMS.marks, [`written ${partner.name}`]);
    const waiting = await journal.read<KeptFile>(STREAMS.outbox, mark?.body.position ?? 0, PAGE);
    const last = waiting.at(-1);
    if (!last) return;
    const mine = waiting.filter(({ body }) => body.partner === partner.name && body.text !== null);
    await mkdir(outbox, { recursive: true });
    for (const { body } of mine) {
      const part = join(outbox, `.${body.name}.${process.pid}.part`);
      await writeFile(part, body.text ?? '');
      await rename(part, join(outbox, body.name));
    }
    await journal.write(STREAMS.lock, async ({ put }) => {
      await put(STREAMS.outbox, new Map(mine.map(({ key, body }) => [key, { ...body, text: null }])));
      await put(STREAMS.marks, new Map([[`written ${partner.name}`, { position: last.position }]]));
      if (mine.length > 0) await put(STREAMS.marks, new Map([[givenMark(partner.name), { at: now() }]]));
    });
  }

  /** Takes in and writes what there is now. */
  async function look(signal: AbortSignal): Promise<void> {
    await writeOut();
    await mkdir(inbox, { recursive: true });
    const names = (await readdir(inbox)).filter((name) => !name.startsWith('.') && !name.endsWith('.part')).sort();
    for (const name of names) {
      if (signal.aborted) return;
      try {
        if (await isSettled(name)) await takeFile(name);
      } catch (error) {
        // Another worker has put it away.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') deps.onFailure(error);
      }
    }
    await writeOut();
  }

  return {
    look,
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        try {
          await look(signal);
        } catch (error) {
          deps.onFailure(error);
        }
        await sleep(LOOK_EVERY_MILLIS, signal);
      }
    },
  };
}

function reasonOf({ taken, problems }: FileOutcome): string {
  const rest = taken === 0 ? 'Nothing of it was taken in.' : `${taken} other transaction sets of it were taken in.`;
  return `${problems.join('\n')}\n${rest}\n`;
}

/** A file that comes again under a name that is taken is kept beside it: `a.x12`, `a.x12.2`. */
async function freeName(folder: string, name: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}.${number}`;
    if ((await stat(join(folder, candidate)).catch(() => null)) === null) return candidate;
  }
}
