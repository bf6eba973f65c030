import type { Knex } from 'knex';
import { projectFile } from '../../platform/paths.ts';
import type { SqlMapping } from '../../systems/sql/mapping.ts';
import { readMapping } from '../../systems/sql/read-mapping.ts';

/** The mapping of the legacy ERP, as config/sql/legacy-erp.yaml has it. */
export const legacyMapping = (): SqlMapping => readMapping(projectFile('config', 'sql', 'legacy-erp.yaml')).mapping;

const WORDS = {
  postgresql: { moment: 'timestamptz(3)', number: 'bigint generated always as identity' },
  mariadb: { moment: 'datetime(3)', number: 'bigint not null auto_increment unique' },
} as const;

const TABLES = ['art_group', 'style', 'article', 'kit', 'price_cond', 'order_in', 'order_in_line', 'notice_in', 'notice_in_line']; // biome-ignore format: one thought

/** An ERP of another age in the schema `legacy`: tables of its own, views for who reads, tables for who writes. */
export async function createLegacyErp(knex: Knex, dialect: keyof typeof WORDS): Promise<void> {
  const { moment, number } = WORDS[dialect];
  const statements = [
    'create schema legacy',
    `create table legacy.art_group (grp_no char(8) primary key, descr varchar(60), parent_no char(8), chg ${moment} not null)`,
    `create table legacy.style (style_no char(10) primary key, descr varchar(60), long_txt varchar(4000), brand varchar(40), grp_no char(8), created date, chg ${moment} not null)`,
    `create table legacy.article (art_no char(10) primary key, style_no char(10), sku varchar(20), ean varchar(14), descr varchar(60), colour varchar(20), status char(1) default 'A', chg ${moment} not null)`,
    `create table legacy.kit (kit_no char(10), comp_no char(10), qty decimal(9,3), unit char(3), chg ${moment} not null, primary key (kit_no, comp_no))`,
    `create table legacy.price_cond (cond_no char(10) primary key, art_no char(10), list_cd char(6), amount decimal(15,3), curr char(3), per_qty integer, unit char(3), from_qty decimal(9,3), valid_from date, valid_to date, is_former char(1), vat_cd char(1), gross char(1), chg ${moment} not null)`,
    `create table legacy.order_in (ext_ref varchar(40) primary key, ext_no varchar(20), chan varchar(40), curr char(3), country char(2), postcode varchar(20), ord_no ${number}, taken_at ${moment} default current_timestamp(3))`,
    'create table legacy.order_in_line (ext_ref varchar(40), line_ref varchar(40), sku varchar(20), qty integer, price decimal(15,3), primary key (ext_ref, line_ref))',
    'create table legacy.notice_in (notice_ref varchar(60) primary key, ext_ref varchar(40), reason varchar(40))',
    'create table legacy.notice_in_line (notice_ref varchar(60), line_ref varchar(40), qty integer, primary key (notice_ref, line_ref))',
    'create view legacy.v_group as select * from legacy.art_group',
    'create view legacy.v_style as select * from legacy.style',
    'create view legacy.v_article as select * from legacy.article',
    'create view legacy.v_kit as select * from legacy.kit',
    'create view legacy.v_price as select * from legacy.price_cond',
    'create view legacy.v_order as select ext_ref, ord_no, taken_at from legacy.order_in',
  ];
  for (const statement of statements) await knex.raw(statement);
}

export async function emptyLegacyErp(knex: Knex): Promise<void> {
  for (const table of TABLES) await knex(`legacy.${table}`).delete();
}
