import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../platform/logger.ts';
import type { RegistryFiles } from '../../registry/files.ts';
import { HISTORY_FILE } from '../../registry/history.ts';
import { TRUSTED_DOCUMENTS } from '../../registry/trusted-documents.ts';
import { SUPERGRAPH_FILE } from './publication.ts';

/** How often the files are looked at, in milliseconds. Looking works on every file system; being told does not. */
const INTERVAL_MILLIS = 500;

export interface WatchOptions {
  /** Folder that holds `schema/`. */
  readonly root: string;
  readonly files: RegistryFiles;
  readonly logger: Logger;
}

/**
 * Calls back when something that is served has been published. Several files change then: it waits until they rest. A
 * supergraph that is gone or empty is being written: not a change.
 *
 * @returns stops watching
 */
export function watchPublication({ root, files, logger }: WatchOptions, onChange: () => void): () => void {
  let served = fingerprint(root, files);
  let seen = served;
  const timer = setInterval(() => {
    try {
      const now = fingerprint(root, files);
      const rests = now === seen;
      seen = now;
      if (!rests || now === served || (files.read(SUPERGRAPH_FILE) ?? '').trim() === '') return;
      served = now;
      onChange();
    } catch (error) {
      logger.error({ err: { type: error instanceof Error ? error.name : typeof error } }, 'registry not looked at');
    }
  }, INTERVAL_MILLIS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Changes when a file is written, whatever its time says: files that are moved into place keep theirs, but not their inode. */
function fingerprint(root: string, files: RegistryFiles): string {
  const api = files
    .list('schema/api')
    .flatMap((contract) => files.list(`schema/api/${contract}`).map((file) => `schema/api/${contract}/${file}`));
  const manifests = files.list(TRUSTED_DOCUMENTS).map((client) => `${TRUSTED_DOCUMENTS}/${client}/manifest.json`);
  return [SUPERGRAPH_FILE, HISTORY_FILE, 'schema/versions.yaml', ...api, ...manifests]
    .map((path) => {
      const stats = statSync(join(root, path), { throwIfNoEntry: false });
      return stats ? `${path} ${stats.ino} ${stats.size} ${stats.mtimeMs}` : path;
    })
    .join('\n');
}
