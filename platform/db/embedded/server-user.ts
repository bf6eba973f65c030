import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { CommerceError } from '../../errors.ts';

/** The operating-system user the server runs as: PostgreSQL refuses to run as root. Empty means "as this process". */
export type ServerUser = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** `nobody` on every Linux distribution. */
const UNPRIVILEGED_ID = 65_534;

/**
 * Root hands the server to an unprivileged user; everybody else runs it themselves.
 * @param cluster data directory that may exist from an earlier start; its owner is kept
 */
export function serverUser(cluster: string): ServerUser {
  const self = process.getuid?.();
  const owner = statSync(cluster, { throwIfNoEntry: false });
  if (self === undefined) return {};
  if (self !== 0) {
    if (owner && owner.uid !== self) {
      throw new CommerceError(
        'CONFIGURATION_INVALID',
        `The database in ${cluster} belongs to user ${owner.uid}, but this process runs as user ${self}. ` +
          'Start as the user who created it, or set DATA_DIR to another directory.',
      );
    }
    return {};
  }
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID };
}

/**
 * Runs a program to its end as the server's user.
 * @throws Error whose message ends with what the program wrote to standard error
 */
export function runAs(user: ServerUser, program: string, args: readonly string[], cwd = '/'): string {
  return execFileSync(program, args, {
    ...user,
    cwd,
    env: serverEnvironment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Nothing of our own environment reaches the server: it holds credentials, and PG* variables would change it. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };
}

/** Creates a directory that only the server's user can enter. */
export function createOwnedDirectory(path: string, user: ServerUser): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if ('uid' in user) chownSync(path, user.uid, user.gid);
}
