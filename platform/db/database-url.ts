import pg from 'pg';
import { databaseFailure } from './failure.ts';

/** A host that is not there may leave a connection attempt without an answer for minutes. */
const CONNECT_TIMEOUT_MILLIS = 5_000;
const DATABASE_NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** The URL of another database on the same server, with the same credentials and parameters. */
export function siblingDatabase(url: string, name: string): string {
  const sibling = new URL(url);
  sibling.pathname = `/${name}`;
  return sibling.href;
}

/**
 * Creates the database that the URL names, when the server does not have it. Several processes may do so at once.
 * The role needs the right to create databases only if it is missing.
 *
 * @throws CommerceError DATABASE_UNAVAILABLE
 * @throws Error when it is missing and its name is not lower-case letters, digits and `_`
 */
export async function ensureDatabase(url: string): Promise<void> {
  if ((await connecting(url)) === 'exists') return;
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  if (!DATABASE_NAME.test(name)) throw new Error(`not a database name: ${name}`);
  const client = new pg.Client({
    connectionString: siblingDatabase(url, 'postgres'),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MILLIS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`create database ${name}`);
  } catch (error) {
    // Another process was quicker: it exists, or it is being created at this moment.
    const code = (error as { code?: string }).code;
    if (code !== '42P04' && code !== '23505') throw databaseFailure(error);
  } finally {
    await client.end();
  }
}

async function connecting(url: string): Promise<'exists' | 'missing'> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MILLIS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return 'exists';
  } catch (error) {
    if ((error as { code?: string }).code === '3D000') return 'missing';
    throw databaseFailure(error);
  } finally {
    await client.end();
  }
}
