import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommerceError } from '../../errors.ts';
import { createOwnedDirectory, runAs, type ServerUser, serverUser } from './server-user.ts';

/** Where one embedded server keeps its files, and as whom it runs. */
export interface ServerHome {
  folder: string;
  /** PostgreSQL's own data directory. */
  cluster: string;
  user: ServerUser;
}

/** Names the home when it could not be in the folder that was asked for. */
const POINTER = 'location';

/** Creates the folder that everybody may pass through and nobody but us may list. */
export function createHomeFolder(folder: string): string {
  if (mkdirSync(folder, { recursive: true })) chmodSync(folder, 0o711);
  return folder;
}

/**
 * The home of the server whose folder is `wanted`: that folder itself or, where the server's user may not go there (root
 * below a home directory with mode 0700, a mount that keeps no owners), another one that `<wanted>/location` names from
 * then on.
 *
 * @throws CommerceError CONFIGURATION_INVALID when there is none, or when the other one was deleted
 */
export function serverHome(wanted: string): ServerHome {
  const pointer = join(wanted, POINTER);
  if (existsSync(pointer)) {
    const folder = readFileSync(pointer, 'utf8').trim();
    if (existsSync(folder)) return homeIn(folder);
    throw new CommerceError(
      'CONFIGURATION_INVALID',
      `The database of ${wanted} was kept in ${folder}, which is gone. ` +
        `Restore it, or delete ${pointer} to start with an empty database.`,
    );
  }
  const home = homeIn(wanted);
  if (existsSync(home.cluster) || accepts(home)) return home;
  // Not the temporary directory while there is another way: it may be emptied when the machine starts.
  for (const parent of ['/var/lib', '/var/tmp', tmpdir()]) {
    const other = createHome(parent);
    if (!other) continue;
    writeFileSync(pointer, `${other.folder}\n`);
    return other;
  }
  throw new CommerceError(
    'CONFIGURATION_INVALID',
    `No directory found that the database server may use: the user it runs as cannot enter ${wanted}. ` +
      'Start as a user other than root, or set DATA_DIR or DATABASE_URL.',
  );
}

function homeIn(folder: string): ServerHome {
  const cluster = join(folder, 'cluster');
  return { folder, cluster, user: serverUser(cluster) };
}

function createHome(parent: string): ServerHome | null {
  if (!existsSync(parent)) return null;
  try {
    // A random name: in a world-writable parent nobody can have prepared it.
    const folder = mkdtempSync(join(parent, 'commerce-postgres-'));
    chmodSync(folder, 0o711);
    const home = homeIn(folder);
    if (accepts(home)) return home;
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Not writable: the next candidate may be.
  }
  return null;
}

/** True when the server's user can reach and own a directory in the home. */
function accepts(home: ServerHome): boolean {
  if (!('uid' in home.user)) return true;
  const probe = join(home.folder, 'probe');
  try {
    createOwnedDirectory(probe, home.user);
    runAs(home.user, '/bin/sh', ['-c', 'cd "$1" && : > file', 'sh', probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}
