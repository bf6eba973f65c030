import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { owners } from '../migrations/index.ts';
import { projectFile } from '../platform/paths.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { databaseSchema } from './database-schema.ts';

describe('schema/database.sql', () => {
  let migrated: TestDatabase;
  let copy: TestDatabase;
  beforeAll(async () => {
    migrated = await createTestDatabase(owners);
    copy = await createEmptyDatabase();
  });
  afterAll(async () => {
    await migrated.drop();
    await copy.drop();
  });

  it('is what the migrations amount to (else: npm run schema:database)', async () => {
    expect(readFileSync(projectFile('schema', 'database.sql'), 'utf8')).toBe(
      await databaseSchema(migrated.knex, owners),
    );
  });

  it('leaves nothing out: a database made from it has the same schema', async () => {
    const schema = await databaseSchema(migrated.knex, owners);
    // Without parameters pg sends the text as it is, so that it may hold many statements and question marks.
    await copy.knex.raw(`set check_function_bodies = off; ${schema}`.replaceAll('?', '\\?'));
    expect(await databaseSchema(copy.knex, owners)).toBe(schema);
  });

  it('no table refers to a table of another owner, which must be able to move to another server', async () => {
    const { rows } = await migrated.knex.raw(
      `select conrelid::regclass::text as from_table, confrelid::regclass::text as to_table
         from pg_constraint k join pg_class f on f.oid = k.conrelid join pg_class t on t.oid = k.confrelid
        where k.contype = 'f' and f.relnamespace <> t.relnamespace`,
    );
    expect(rows).toEqual([]);
  });
});

describe('databaseSchema', () => {
  it('tells every kind of thing a migration makes', async () => {
    const database = await createEmptyDatabase();
    await database.knex.raw(`
      create schema shop;
      create type shop.colour as enum ('red', 'blue');
      create type shop.size as (width int, note text);
      create domain shop.quantity as int check (value > 0);
      create sequence shop.number start with 1000;
      create table shop.thing (id bigserial primary key, colour shop.colour not null default 'red', twice int generated always as (2 * 3) stored);
      create table shop.log (at timestamptz not null, thing_id bigint references shop.thing) partition by range (at);
      create table shop.log_2026 partition of shop.log for values from ('2026-01-01') to ('2027-01-01');
      create unlogged table shop.cache (key text) with (fillfactor = 70);
      create index cache_key on shop.cache (key);
      create view shop.red as select id from shop.thing where colour = 'red';
      create function shop.touch() returns trigger language plpgsql as 'begin return new; end';
      create trigger touch before insert on shop.thing for each row execute function shop.touch();
      comment on column shop.thing.colour is 'It''s a colour.';
      comment on function shop.touch() is 'Does nothing.';
    `);
    const schema = await databaseSchema(database.knex, ['shop']);
    for (const line of [
      "create type shop.colour as enum ('red', 'blue');",
      'create type shop.size as (width integer, note text);',
      'create domain shop.quantity as integer CHECK ((VALUE > 0));',
      'create sequence shop.number as bigint increment by 1 start with 1000 cache 1;',
      "  colour shop.colour not null default 'red'::shop.colour,",
      '  twice integer generated always as ((2 * 3)) stored,',
      ') partition by RANGE (at);',
      "create table shop.log_2026 partition of shop.log FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');",
      'create unlogged table shop.cache (',
      ') with (fillfactor=70);',
      'CREATE INDEX cache_key ON shop.cache USING btree (key);',
      'alter table shop.log add constraint log_thing_id_fkey FOREIGN KEY (thing_id) REFERENCES shop.thing(id);',
      'create view shop.red as',
      'CREATE OR REPLACE FUNCTION shop.touch()',
      'CREATE TRIGGER touch BEFORE INSERT ON shop.thing FOR EACH ROW EXECUTE FUNCTION shop.touch();',
      "comment on column shop.thing.colour is 'It''s a colour.';",
      "comment on function shop.touch() is 'Does nothing.';",
    ]) {
      expect(schema.split('\n')).toContain(line);
    }
    await database.drop();
  });
});
