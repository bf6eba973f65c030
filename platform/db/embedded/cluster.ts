import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommerceError } from '../../errors.ts';
import type { Binaries } from './binaries.ts';
import type { ServerHome } from './server-home.ts';
import { createOwnedDirectory, runAs } from './server-user.ts';

/** The only role of the embedded server. */
export const SERVER_ROLE = 'commerce';

/**
 * Creates the data directory when it is missing.
 * @param durable false skips waiting for the disk
 * @returns the password of the role `commerce`, kept with mode 0600 beside the data directory
 */
export function prepareCluster(home: ServerHome, binaries: Binaries, durable: boolean): string {
  const passwordFile = join(home.folder, 'password');
  if (existsSync(home.cluster)) return keptPassword(passwordFile);

  const password = randomBytes(24).toString('base64url');
  // Made beside and moved into place, so that a start that was killed half-way leaves nothing that looks finished.
  const draft = join(home.folder, 'cluster.new');
  const handover = join(home.folder, 'password.new');
  rmSync(draft, { recursive: true, force: true });
  rmSync(handover, { force: true });
  createOwnedDirectory(draft, home.user);
  writeFileSync(handover, `${password}\n`, { mode: 0o600 });
  if ('uid' in home.user) chownSync(handover, home.user.uid, home.user.gid);
  createDatabaseFiles(home, binaries, [`--pgdata=${draft}`, `--pwfile=${handover}`, ...(durable ? [] : IN_A_HURRY)]);
  rmSync(handover, { force: true });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  renameSync(draft, home.cluster);
  return password;
}

/** Tests connect some thousand times: to stretch a password that is random as it is takes longer than all the rest. */
const IN_A_HURRY = ['--no-sync', '--set=scram_iterations=1'];

function keptPassword(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const message = `${file} is missing: without the password in it the database beside it cannot be opened. Restore it.`;
  throw new CommerceError('CONFIGURATION_INVALID', message);
}

function createDatabaseFiles(home: ServerHome, binaries: Binaries, where: readonly string[]): void {
  const args = [
    ...where,
    `--username=${SERVER_ROLE}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Letters of every script have a case, and the order is the same on every machine.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ];
  try {
    runAs(home.user, binaries.initdb, args);
  } catch (error) {
    if (!NAMELESS_USER.test(String(error))) throw failure(home, error);
    try {
      // Containers run as any number, initdb wants one with a name. In a user namespace everybody is `nobody`.
      runAs(home.user, 'unshare', ['--user', binaries.initdb, ...args]);
    } catch {
      throw failure(home, error);
    }
  }
}

const NAMELESS_USER = /could not look up effective user ID/;

function failure(home: ServerHome, cause: unknown): CommerceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const advice = NAMELESS_USER.test(why) ? ' Run as a user listed in /etc/passwd, or set DATABASE_URL.' : '';
  const message = `The built-in PostgreSQL could not create its data directory ${home.cluster}: ${why}.${advice}`;
  return new CommerceError('DATABASE_UNAVAILABLE', message, {}, { cause });
}
