import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createEmptyDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { type MigrationSet, migrate } from './migrate.ts';

const first: MigrationSet = {
  '20260101000000_thing': { up: (knex) => knex.raw('create table shop.thing (id int primary key)') },
};
const both: MigrationSet = {
  '20260102000000_thing_name': { up: (knex) => knex.raw('alter table shop.thing add column name text') },
  ...first,
};

describe('migrate', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(() => database.drop());

  it('applies what is missing, in the order of names, once', async () => {
    expect(await migrate(database.knex, 'shop', first)).toEqual(['20260101000000_thing']);
    expect(await migrate(database.knex, 'shop', both)).toEqual(['20260102000000_thing_name']);
    expect(await migrate(database.knex, 'shop', both)).toEqual([]);
    await database.knex.raw('insert into shop.thing (id, name) values (1, ?)', ['x']);
  });

  it('lets one of several processes that start at once do the work', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(database.knex, 'shop', both)));
    expect(results.map((names) => names.length).sort()).toEqual([0, 0, 0, 0, 2]);
  });

  it('leaves nothing of a migration set that fails', async () => {
    const broken: MigrationSet = { ...first, '20260103000000_wrong': { up: (knex) => knex.raw('select nonsense') } };
    await expect(migrate(database.knex, 'shop', broken)).rejects.toThrow('nonsense');
    const { rows } = await database.knex.raw(`select to_regclass('shop.thing') as thing`);
    expect(rows).toEqual([{ thing: null }]);
  });

  it('refuses a schema that a newer release has migrated', async () => {
    await migrate(database.knex, 'shop', both);
    await expect(migrate(database.knex, 'shop', first)).rejects.toThrow('20260102000000_thing_name');
  });

  it.each([
    ['Shop', first],
    ['shop', { thing: { up: async () => undefined } }],
  ])('refuses malformed names', async (owner, set) => {
    await expect(migrate(database.knex, owner, set)).rejects.toThrow('not a');
  });
});
