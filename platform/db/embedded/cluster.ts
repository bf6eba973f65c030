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
 * @returns the password of the role `commerce`, kept with mode 0600 beside the data directory
 */
export function prepareCluster(home: ServerHome, binaries: Binaries): string {
  const passwordFile = join(home.folder, 'password');
  if (existsSync(home.cluster)) return readFileSync(passwordFile, 'utf8').trim();

  const password = randomBytes(24).toString('base64url');
  // Made beside and moved into place, so that a start that was killed half-way leaves nothing that looks finished.
  const draft = join(home.folder, 'cluster.new');
  const handover = join(home.folder, 'password.new');
  rmSync(draft, { recursive: true, force: true });
  rmSync(handover, { force: true });
  createOwnedDirectory(draft, home.user);
  writeFileSync(handover, `${password}\n`, { mode: 0o600 });
  if ('uid' in home.user) chownSync(handover, home.user.uid, home.user.gid);
  try {
    runAs(home.user, binaries.initdb, [
      `--pgdata=${draft}`,
      `--username=${SERVER_ROLE}`,
      `--pwfile=${handover}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Letters of every script have a case, and the order is the same on every machine.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ]);
  } catch (cause) {
    throw new CommerceError(
      'DATABASE_UNAVAILABLE',
      `The built-in PostgreSQL could not create its data directory ${home.cluster}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {},
      { cause },
    );
  }
  rmSync(handover, { force: true });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  renameSync(draft, home.cluster);
  return password;
}
