import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { sleep } from '../../../platform/clock.ts';
import { isCommerceError } from '../../../platform/errors.ts';
import type { ReportFormat } from '../reports/model.ts';
import type { Throttle } from '../throttle.ts';
import { ingestReport } from './ingest.ts';
import type { IngestOutcome } from './source.ts';

/** Names of the folders of a channel, as the command line names the formats. */
export const FORMAT_FOLDERS: Readonly<Record<string, ReportFormat>> = {
  'amazon-v2': 'AMAZON_SETTLEMENT_V2',
  'walmart-recon': 'WALMART_RECON_V1',
  canonical: 'CANONICAL_CSV',
  'amazon-finances': 'AMAZON_FINANCES_2024',
};

const FORMATS_THERE_ARE = Object.keys(FORMAT_FOLDERS).join(', ');
const UNKNOWN_FORMAT = `The folder names no format. Put it into one of: ${FORMATS_THERE_ARE}.`;
const NO_FORMAT = `It lies in no folder that names its channel and format. Put it into <channel code>/<format>/, the format being one of: ${FORMATS_THERE_ARE}.`;

/** Where files are set aside, at every level. */
const SET_ASIDE = ['processed', 'refused'];

/** What became of a file. */
export type DropOutcome =
  | IngestOutcome
  | { readonly kind: 'REFUSED'; readonly code: 'UNKNOWN_FORMAT'; readonly message: string };

export interface DropFolderDeps {
  readonly knex: Knex;
  /** `<folder>/<channel code>/<format>/` holds the files of one channel and format. */
  readonly folder: string;
  readonly throttle: Throttle;
  /** A file is taken when it did not change for so long; 5 seconds unless told. */
  readonly settleMillis?: number;
  /** Milliseconds. */
  now?(): number;
  onDone(file: string, outcome: DropOutcome): void | Promise<void>;
  /** Hears of outages and bugs; the file stays and is tried again. */
  onFailure(file: string, error: unknown): void;
}

const LOOK_EVERY_MILLIS = 2_000;
const SETTLE_MILLIS = 5_000;

/**
 * Takes in the reports that are put into a folder. A writer writes under a name that begins with a dot or ends with `.part`
 * and renames the file when it is complete: a rename is whole or not at all. One that is written under its own name is left alone
 * as long as it grows. A file that was taken in, or was known, moves
 * to `processed/`; a refused one to `refused/`, beside it `<name>.reason.txt`, and so does one in a folder that is named after
 * no format, or in none: it would lie there for ever. Killed at any moment, the file is still
 * where it was, and taking it in again does nothing twice.
 */
export function createDropFolder({
  knex,
  folder,
  throttle,
  settleMillis = SETTLE_MILLIS,
  now = Date.now,
  onDone,
  onFailure,
}: DropFolderDeps) {
  const seen = new Map<string, { readonly version: string; readonly since: number }>();

  /** Whether nobody wrote to a file for a while. */
  async function isSettled(path: string): Promise<boolean> {
    const found = await stat(path).catch(() => null);
    if (!found) return false;
    const version = `${found.ino} ${found.size} ${found.mtimeMs}`;
    const before = seen.get(path);
    if (before?.version === version) return now() - before.since >= settleMillis;
    seen.set(path, { version, since: now() });
    return settleMillis === 0;
  }

  async function takeFile(place: string, channelCode: string, format: ReportFormat, name: string, signal: AbortSignal) {
    const path = join(place, name);
    try {
      const outcome = await ingestReport(
        knex,
        { channelCode, format, fileName: name, receivedBy: 'drop', bytes: () => createReadStream(path, { highWaterMark: 256 * 1024 }) },
        { throttle, signal },
      ); // biome-ignore format: one thought
      await putAway(place, name, outcome);
    } catch (error) {
      // Another worker is at it, or the process ends: it comes again.
      if (!(isCommerceError(error) && ['OVERLOADED', 'REQUEST_ABORTED'].includes(error.code))) onFailure(path, error);
    }
  }

  async function putAway(place: string, name: string, outcome: DropOutcome): Promise<void> {
    const target = join(place, outcome.kind === 'REFUSED' ? 'refused' : 'processed');
    await mkdir(target, { recursive: true });
    const kept = await freeName(target, name);
    if (outcome.kind === 'REFUSED') await writeFile(join(target, `${kept}.reason.txt`), `${outcome.code}\n${outcome.message}\nNothing of it was stored.\n`); // biome-ignore format: one thought
    await rename(join(place, name), join(target, kept));
    seen.delete(join(place, name));
    await onDone(join(place, name), outcome);
  }

  async function refuseUnknown(place: string, message: string): Promise<number> {
    const files = [];
    for (const file of await filesIn(place)) if (await isSettled(join(place, file))) files.push(file);
    for (const file of files) await putAway(place, file, { kind: 'REFUSED', code: 'UNKNOWN_FORMAT', message });
    return files.length;
  }

  /** Takes in what is there now. @returns how many files were looked at */
  async function look(signal: AbortSignal): Promise<number> {
    let looked = await refuseUnknown(folder, NO_FORMAT);
    for (const channelCode of await foldersIn(folder)) {
      for (const [name, format] of Object.entries(FORMAT_FOLDERS)) {
        const place = join(folder, channelCode, name);
        for (const file of await filesIn(place)) {
          if (signal.aborted) return looked;
          if (!(await isSettled(join(place, file)))) continue;
          looked += 1;
          await takeFile(place, channelCode, format, file, signal);
        }
      }
      looked += await refuseUnknown(join(folder, channelCode), NO_FORMAT);
      const others = (await foldersIn(join(folder, channelCode))).filter((name) => !(name in FORMAT_FOLDERS));
      for (const name of others) looked += await refuseUnknown(join(folder, channelCode, name), UNKNOWN_FORMAT);
    }
    return looked;
  }

  return {
    look,
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        try {
          await look(signal);
        } catch (error) {
          onFailure(folder, error);
        }
        await sleep(LOOK_EVERY_MILLIS, signal);
      }
    },
  };
}

async function foldersIn(folder: string): Promise<string[]> {
  return (await entriesIn(folder)).filter((entry) => entry.isDirectory() && !SET_ASIDE.includes(entry.name)).map(({ name }) => name).sort(); // biome-ignore format: one thought
}

async function filesIn(folder: string): Promise<string[]> {
  const complete = (name: string) => !name.startsWith('.') && !name.endsWith('.part');
  return (await entriesIn(folder)).filter((entry) => entry.isFile() && complete(entry.name)).map(({ name }) => name).sort(); // biome-ignore format: one thought
}

/** A folder that is not there has no entries: nobody has to make all of them. */
async function entriesIn(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A file that comes again under a name that is taken is kept beside it: `177.txt`, `177.txt.2`. */
async function freeName(folder: string, name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}.${number}`;
    const taken = await stat(join(folder, candidate)).catch(() => null);
    if (!taken) return candidate;
  }
}
