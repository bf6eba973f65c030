import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SERVER_ROLE } from './cluster.ts';
import { ownerOf } from './owner-lock.ts';
import { HOST } from './server.ts';
import { serverHome } from './server-home.ts';

/**
 * Where the built-in server of a data directory listens while another process runs it: a command joins it instead of
 * starting one. It goes down with its owner, so what is begun here must be able to begin again.
 *
 * @returns URL of one database (it holds the password: not for logs), or null when nobody runs the server
 */
export function runningEmbeddedPostgres(dataDir: string): ((database: string) => string) | null {
  const folder = join(resolve(dataDir), 'postgres');
  if (ownerOf(folder) === null) return null;
  const home = serverHome(folder);
  const port = readFileSync(join(home.folder, 'port'), 'utf8').trim();
  const password = readFileSync(join(home.folder, 'password'), 'utf8').trim();
  return (database) => `postgresql://${SERVER_ROLE}:${password}@${HOST}:${port}/${database}`;
}
