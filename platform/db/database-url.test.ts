import { expect, it } from '@jest/globals';
import { createEmptyDatabase } from '../../test/helpers/database.ts';
import { ensureDatabase, siblingDatabase } from './database-url.ts';

it('names another database of the same server', () => {
  expect(siblingDatabase('postgresql://u:p%40w@h:1/one?sslmode=require', 'two')).toBe(
    'postgresql://u:p%40w@h:1/two?sslmode=require',
  );
});

it('creates a database once, whoever asks, and leaves an existing one as it is', async () => {
  const server = await createEmptyDatabase();
  const [own = ''] = new URL(server.url).pathname.slice(1).split('/');
  const url = siblingDatabase(server.url, `${own}_x`);
  await Promise.all([ensureDatabase(url), ensureDatabase(url), ensureDatabase(url)]);
  await ensureDatabase(url);
  const { rows } = await server.knex.raw('select count(*)::int as n from pg_database where datname = ?', [`${own}_x`]);
  expect(rows).toEqual([{ n: 1 }]);
  await server.knex.raw(`drop database ${own}_x with (force)`);
  await server.drop();
});

it('refuses a name that would need quotes', async () => {
  const server = await createEmptyDatabase();
  await expect(ensureDatabase(siblingDatabase(server.url, 'Shop-1'))).rejects.toThrow('not a database name: Shop-1');
  await server.drop();
});

it('says that the server cannot be reached', async () => {
  await expect(ensureDatabase('postgresql://u:p@127.0.0.1:1/shop')).rejects.toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
  });
});
