import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommerceError } from '../../errors.ts';
import { lookAt } from './process-state.ts';

/** Locks that this process holds: after a restart in a container its own id may stand in an old file. */
const held = new Set<string>();

/**
 * Makes this process the only owner of a directory until it releases the lock or dies. The server stops with its owner,
 * so a second process must not use it as if it were its own.
 *
 * @returns releases the lock
 * @throws CommerceError CONFIGURATION_INVALID when a living process owns the directory
 */
export function takeOwnership(folder: string): () => void {
  const file = join(folder, 'owner');
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${process.pid} ${lookAt(process.pid)?.birth ?? ''}\n`);
  try {
    // A link appears with its content or not at all: nobody can read half a lock.
    while (!tryLink(draft, file)) removeStale(file, folder);
  } finally {
    rmSync(draft, { force: true });
  }
  held.add(file);
  let released = false;
  return () => {
    // A second release must not take the lock from whoever has it by then.
    if (released) return;
    released = true;
    held.delete(file);
    rmSync(file, { force: true });
  };
}

/** The living process that owns the directory. Null when there is none. */
export function ownerOf(folder: string): number | null {
  const file = join(folder, 'owner');
  const [id = '', ...birth] = (readIfPresent(file) ?? '').trim().split(' ');
  const pid = Number(id);
  return id !== '' && isAlive(pid, birth.join(' '), file) ? pid : null;
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function removeStale(file: string, folder: string): void {
  const seen = readIfPresent(file);
  if (seen === null) return;
  const [id = '', ...birth] = seen.trim().split(' ');
  const pid = Number(id);
  if (isAlive(pid, birth.join(' '), file)) {
    throw new CommerceError(
      'CONFIGURATION_INVALID',
      `The data directory ${folder} is in use by process ${pid}. Stop that process, ` +
        'set DATA_DIR to another directory, or set DATABASE_URL so that both use one database server.',
      { pid },
    );
  }
  // Between reading and removing, a third process may have put its own lock there: take it aside, look, put it back.
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readIfPresent(aside) !== seen) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function isAlive(pid: number, birth: string, file: string): boolean {
  if (pid === process.pid) return held.has(file);
  return lookAt(pid)?.birth === birth;
}

function readIfPresent(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
