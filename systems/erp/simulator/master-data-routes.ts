import type { Knex } from 'knex';
import { z } from 'zod';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { Bell } from '../../kit/bell.ts';
import { feedQuery, readFeed } from '../../kit/feed.ts';
import { Refusal, unknownRecord } from '../../kit/refusal.ts';
import { type Route, route } from '../../kit/route.ts';
import { conditionContent, materialContent, materialGroupContent, materialLookup, salesBomContent } from '../wire.ts';
import { newestChange } from './feed-head.ts';
import {
  findMaterialsByOldNo,
  findRecord,
  type MasterRecord,
  type MasterTable,
  missingRecords,
  putRecords,
  readRecordChanges,
} from './master-data.ts';

/** How one kind of master record appears over HTTP. */
interface Kind {
  readonly table: MasterTable;
  /** `/<path>` is the feed, `/<path>/<number>` one record. */
  readonly path: string;
  /** Name of the list in the feed's answer. */
  readonly list: string;
  /** Field that carries the record's number. */
  readonly key: string;
  readonly content: z.ZodType<object>;
  /** Records that the content, or its number, names and that must exist. */
  references(
    content: object,
    number: string,
  ): readonly { readonly table: MasterTable; readonly recordNo: string | null }[];
}

const KINDS: readonly Kind[] = [
  {
    table: 'material_group',
    path: 'material-groups',
    list: 'materialGroups',
    key: 'groupNo',
    content: materialGroupContent,
    references: (content) => [{ table: 'material_group', recordNo: materialGroupContent.parse(content).parentGroupNo }],
  },
  {
    table: 'material',
    path: 'materials',
    list: 'materials',
    key: 'materialNo',
    content: materialContent,
    references(content) {
      const { materialGroupNo, configurableMaterialNo } = materialContent.parse(content);
      return [
        { table: 'material_group', recordNo: materialGroupNo },
        { table: 'material', recordNo: configurableMaterialNo },
      ];
    },
  },
  {
    table: 'condition_record',
    path: 'conditions',
    list: 'conditions',
    key: 'conditionNo',
    content: conditionContent,
    references: (content) => [{ table: 'material', recordNo: conditionContent.parse(content).materialNo }],
  },
  {
    table: 'sales_bom',
    path: 'sales-boms',
    list: 'salesBoms',
    key: 'materialNo',
    content: salesBomContent,
    references: (content, materialNo) =>
      [materialNo, ...salesBomContent.parse(content).components.map((component) => component.materialNo)].map(
        (recordNo) => ({ table: 'material', recordNo }),
      ),
  },
];

/** Feed, read and upsert of each kind of master record, and the lookup of materials by their old number. */
export function masterDataRoutes(knex: Knex, bell: Bell): Route[] {
  return [
    route({
      method: 'POST',
      path: '/materials/lookup',
      body: materialLookup,
      handle: async ({ body }) => ({
        body: {
          materials: (await findMaterialsByOldNo(knex, body.oldMaterialNos)).map((one) => toWire('materialNo', one)),
        },
      }),
    }),
    ...KINDS.flatMap((kind) => routesOf(kind, knex, bell)),
  ];
}

function routesOf(kind: Kind, knex: Knex, bell: Bell): Route[] {
  return [
    route({
      method: 'GET',
      path: `/${kind.path}`,
      query: feedQuery,
      feedList: kind.list,
      async handle({ query, signal }) {
        const records = await readFeed({
          bell,
          waitSeconds: query.wait,
          signal,
          read: () => readRecordChanges(knex, kind.table, query.after, query.limit),
        });
        const head = await newestChange(knex, kind.table);
        return { body: { [kind.list]: records.map((one) => toWire(kind.key, one)), head } };
      },
    }),
    route({
      method: 'GET',
      path: `/${kind.path}/:number`,
      async handle({ params }) {
        return { body: toWire(kind.key, await requireRecord(kind, knex, params.number)) };
      },
    }),
    route({
      method: 'PUT',
      path: `/${kind.path}/:number`,
      body: kind.content,
      async handle({ params, body }) {
        const recordNo = z
          .string()
          .regex(/^[A-Za-z0-9._-]{1,40}$/)
          .parse(params.number);
        await refuseUnknownReferences(kind, knex, body, recordNo);
        await inTransaction(knex, (trx) => putRecords(trx, kind.table, [{ recordNo, content: body }]));
        bell.ring();
        return { body: toWire(kind.key, await requireRecord(kind, knex, recordNo)) };
      },
    }),
  ];
}

async function requireRecord(kind: Kind, knex: Knex, recordNo: string): Promise<MasterRecord> {
  const found = await findRecord(knex, kind.table, recordNo);
  if (!found) throw unknownRecord(kind.table.toUpperCase(), recordNo);
  return found;
}

async function refuseUnknownReferences(kind: Kind, knex: Knex, content: object, number: string): Promise<void> {
  for (const { table, recordNo } of kind.references(content, number)) {
    if (recordNo === null) continue;
    const [unknown] = await missingRecords(knex, table, [recordNo]);
    if (unknown !== undefined) throw new Refusal(422, `UNKNOWN_${table.toUpperCase()}`, `no ${table} ${unknown}`);
  }
}

const toWire = (key: string, { recordNo, content, changeNo, changedAt }: MasterRecord) => ({
  [key]: recordNo,
  ...content,
  changeNo,
  changedAt,
});
