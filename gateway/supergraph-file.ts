import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Logger } from '../platform/logger.ts';

/** How often the file is looked at, in milliseconds. Looking works on every file system; being told does not. */
const INTERVAL_MILLIS = 500;

export function readSupergraph(file: string): string {
  return readFileSync(file, 'utf8');
}

/**
 * Calls back with the text of the file each time it changes. A file that is gone or empty is being written: not a change.
 * @returns stops watching
 */
export function watchSupergraph(file: string, onChange: (supergraphSdl: string) => void, logger: Logger): () => void {
  const look = async (): Promise<void> => {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.trim() !== '') onChange(text);
  };
  const listener = () => {
    look().catch((error: unknown) => {
      logger.error({ err: { type: error instanceof Error ? error.name : typeof error } }, 'supergraph not reloaded');
    });
  };
  watchFile(file, { interval: INTERVAL_MILLIS, persistent: false }, listener);
  return () => unwatchFile(file, listener);
}
