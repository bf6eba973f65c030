import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';
import { createEmptyDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { createLegacyErp } from '../../test/helpers/legacy-erp.ts';
import { checkDatabase } from './check.ts';
import { createSqlClient, type SqlClient } from './client.ts';
import { profileOfMapping } from './profile.ts';
import { readMapping, tellPlaces } from './read-mapping.ts';

const project = readFileSync(projectFile('config', 'sql', 'legacy-erp.yaml'), 'utf8');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapping-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Change = readonly [from: string | RegExp, to: string];

/** The project's mapping with one text in place of another; both have to differ. */
function changed(...changes: readonly Change[]) {
  let text = project;
  for (const [from, to] of changes) {
    const next = text.replace(from, to);
    if (next === text) throw new Error(`nothing to change: ${from}`);
    text = next;
  }
  const path = join(folder, 'm.yaml');
  writeFileSync(path, text);
  return path;
}
const lineOf = (text: string) => project.slice(0, project.indexOf(text)).split('\n').length;
const read = (...changes: readonly Change[]) => readMapping(changed(...changes));

describe('a mapping file', () => {
  it('tells each mistake with its line, and what was probably meant', () => {
    const wrong = (...changes: readonly Change[]) => {
      try {
        read(...changes);
      } catch (error) {
        return (error as Error).message.slice(folder.length + '/m.yaml: '.length);
      }
      throw new Error('it was taken');
    };
    expect(wrong(['brand: brand', 'brnad: brand'])).toBe(`line ${lineOf('columns: { title')}, products.columns.brnad: "brnad" is not known here; did you mean brand?`); // biome-ignore format: one thought
    expect(wrong(['codes: vat }', 'codes: vta }'])).toBe(`line ${lineOf('tax: {')}, prices.columns.tax: there are no codes "vta"; did you mean vat?`); // biome-ignore format: one thought
    expect(wrong(['dialect: postgresql', 'dialect: db2'], ['sku: sku, ', ''], ['overlap: 10m', 'overlap: soon'])).toBe(
      `line ${lineOf('dialect: post')}, dialect: expected postgresql, mysql, mariadb, sqlserver, oracle or sqlite; line ${lineOf('change:')}, categories.change.overlap: expected a time such as 10m, or a number such as 1000; line ${lineOf('columns: { product')}, variants.columns.sku: expected a column, { column, codes } or { value }`,
    ); // biome-ignore format: one thought
    expect(wrong([/variants:\n( .*\n)+/, ''])).toBe(
      `line ${lineOf('prices:') - 7}, prices: there are no variants that this could be about`,
    );
    expect(wrong(['from: legacy.v_group', 'from: "x; drop table y"'])).toContain('expected a name of the database');
    expect(wrong(['Europe/London', 'London'])).toContain('timeZone: expected a name such as Europe/London');
  });

  it('says what the system can do', () => {
    expect(profileOfMapping(read().mapping).serves).toEqual({
      PRODUCT_MASTER: {},
      PRICE_LIST: {},
      ORDER_INTAKE: { RETURN_NOTICES: expect.any(String) },
    });
    const { mapping } = read([/bundles:\n( .*\n)+/, ''], ['gtin: ean', 'gtin: { value: "1" }'], [/ {4}former.*\n/, ''], [/ {2}shipment:\n( {4}.*\n)+/, '']); // biome-ignore format: one thought
    expect(profileOfMapping(mapping).serves).toEqual({
      PRODUCT_MASTER: { BUNDLES: 'Its mapping names no view of it.' },
      PRICE_LIST: { FORMER_PRICES: 'Its mapping names no column for it.' },
      ORDER_INTAKE: {
        SHIPMENT_NOTICES: 'Its mapping names no table or procedure for it.',
        RETURN_NOTICES: 'A mapping has nothing that takes them.',
      },
    });
  });
});

describe('a database', () => {
  let database: TestDatabase;
  let sql: SqlClient;
  beforeAll(async () => {
    database = await createEmptyDatabase();
    await createLegacyErp(database.knex, 'postgresql');
    const chg = new Date();
    await database.knex('legacy.style').insert({ style_no: 'S1', descr: 'Lantern', chg });
    await database.knex('legacy.article').insert({ art_no: 'A1', style_no: 'S1', sku: '71053', descr: 'Lantern', chg });
    await database.knex('legacy.price_cond').insert({ cond_no: 'P1', art_no: 'A1', list_cd: 'WEB', amount: '3.39', curr: 'GBP', unit: 'EA', vat_cd: 'S', chg }); // biome-ignore format: one thought
    sql = createSqlClient('legacy', { address: database.url, dialect: 'postgresql', user: null, password: null, timeoutMillis: 60_000 }); // biome-ignore format: one thought
  });
  afterAll(async () => {
    await sql.close();
    await database.drop();
  });
  const check = async (...changes: readonly Change[]) => {
    const { wrong, counted } = await checkDatabase(sql, read(...changes));
    return wrong.length === 0 ? counted : tellPlaces(wrong).map((place) => place.replace(/^line \d+, /, ''));
  };

  it('has what the file says', async () => {
    expect(await check()).toBe('0 categories, 1 products, 1 variants, 0 bundles, 1 prices');
  });

  it('is told of what it lacks by the nearest that it has', async () => {
    expect(await check(['gtin: ean', 'gtin: eam'], ['from: legacy.v_kit', 'from: legacy.v_kits'], ['from: legacy.v_style', 'from: styles_of_old'])).toEqual([
      expect.stringMatching(/^products\.from: there is no table or view styles_of_old that this account may read\. It may read .*legacy\.v_article/),
      'variants.columns.gtin: legacy.v_article has no column eam; did you mean ean?',
      'bundles.from: there is no table or view legacy.v_kits that this account may read; did you mean legacy.v_kit?',
    ]); // biome-ignore format: one thought
    expect(await check(['number: ord_no', 'number: order_number'])).toEqual(['orders.found.number: legacy.v_order has no column order_number. It has ext_ref, ord_no, taken_at']); // biome-ignore format: one thought
  });

  it('is told of types that cannot be exact, or do not grow', async () => {
    await database.knex.raw('create view legacy.v_float as select cond_no, art_no, list_cd, amount::float8 as amount, curr, per_qty, unit, from_qty, valid_from, valid_to, is_former, vat_cd, gross, chg::date as chg from legacy.price_cond'); // biome-ignore format: one thought
    expect(await check(['from: legacy.v_price', 'from: legacy.v_float'])).toEqual([
      'prices.columns.amount: amount is of type double precision: amounts and quantities have to be exact: give it as a decimal in the view',
      'prices.change.overlap: chg is a day: an overlap of less than 1d would miss what changed later that day',
    ]);
    expect(await check(['overlap: 10m', 'overlap: 100'])).toEqual(['categories.change.column: chg is of type timestamp with time zone: an overlap of numbers needs a number that grows']); // biome-ignore format: one thought
  });

  it('is told of rows that cannot be read: keys, changes, units, codes, values', async () => {
    await database.knex.raw(`create view legacy.v_odd as
      select cond_no, art_no, list_cd, amount::text as amount, curr, per_qty, unit, from_qty, '20.11.2026' as valid_from, valid_to, is_former, vat_cd, gross, chg from legacy.price_cond
      union all select 'P1', 'A1', 'WEB', '3,39', 'GBP', 1, 'BX', 1, '20261120', null, '!', 'Q', '1', null
      union all select null, 'A1', null, '3.39', 'GBP', 1, 'EA', 1, '20261120', null, 'N', 'S', '1', now() + interval '2 hours'`); // biome-ignore format: one thought
    expect((await check(['from: legacy.v_price', 'from: legacy.v_odd'])).toString().split(',prices.')).toEqual([
      'prices.key: cond_no is null in 1 of 3 rows',
      'key: cond_no is not unique: P1 (2 times)',
      'columns.list: list_cd is empty in 1 of the first 3 rows',
      'columns.amount: amount (text) cannot be read as a decimal number in 1 of the first 3 rows, such as "3,39"',
      'columns.unit: no unit is given for "BX" (1 rows); known are EA, DZ',
      'columns.begins: valid_from (text) cannot be read as a moment in 1 of the first 3 rows, such as "20.11.2026"',
      'columns.former: is_former (character) cannot be read as yes or no in 1 of the first 3 rows, such as "!"',
      'columns.tax: there is no translation of "Q" (1 rows); known are S, R, Z',
      'change.column: chg is null in 1 of 3 rows: their changes would not be seen',
      'change.column: the newest chg is in the future: it does not grow with time, or timeZone is wrong, and changes before it would not be seen',
    ]); // biome-ignore format: one thought
  });

  it('fails as a system of record does, without a word of its statements', async () => {
    await expect(sql.count('legacy.nowhere', '1 = 1', [])).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', message: 'legacy refused the request', details: { systemCode: '42P01' } }); // biome-ignore format: one thought
    const open = (address: string, timeoutMillis = 5_000) => createSqlClient('legacy', { address, dialect: 'postgresql', user: null, password: null, timeoutMillis }); // biome-ignore format: one thought
    const wrong = new URL(database.url);
    wrong.password = 'wrong';
    const shut = new URL(database.url);
    shut.port = '1';
    const asked = async (client: SqlClient) => client.tables().finally(() => client.close());
    await expect(asked(open(wrong.href))).rejects.toMatchObject({ details: { systemCode: 'LOGIN_REFUSED' } });
    await expect(asked(open(shut.href))).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    expect(() => open('mysql://somebody:secret@db/erp')).toThrow('expected an address such as postgresql://host/database'); // biome-ignore format: one thought
  });
});
