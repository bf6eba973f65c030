import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { SampleSalesBom } from '../../sample-data/bundles.ts';
import type { SampleData } from '../../sample-data/model.ts';
import { type NewRecord, putRecords } from './master-data.ts';

/** What the ERP is seeded with. */
export type ErpSample = Pick<SampleData, 'materialGroups' | 'materials' | 'conditions'> & {
  readonly salesBoms?: readonly SampleSalesBom[];
};

/**
 * Stores the sample's master data in one transaction, groups before materials before prices and sales BOMs. Records that exist already
 * are replaced; a second run with the same sample changes nothing.
 *
 * @returns how many records changed
 */
export async function seedErp(knex: Knex, sample: ErpSample): Promise<number> {
  return inTransaction(knex, async (trx) => {
    const groups = await putRecords(
      trx,
      'material_group',
      sample.materialGroups.map(({ groupNo, ...content }) => record(groupNo, { ...content, deletionFlag: false })),
    );
    const materials = await putRecords(
      trx,
      'material',
      sample.materials.map(({ materialNo, ...content }) => record(materialNo, content)),
    );
    const conditions = await putRecords(
      trx,
      'condition_record',
      sample.conditions.map(({ conditionNo, ...content }) => record(conditionNo, content)),
    );
    const boms = await putRecords(
      trx,
      'sales_bom',
      (sample.salesBoms ?? []).map(({ materialNo, ...content }) =>
        record(materialNo, { ...content, deletionFlag: false }),
      ),
    );
    return groups + materials + conditions + boms;
  });
}

/** True when nothing was ever stored: only then may a sample be put in, or it would undo what users changed. */
export async function isEmptyErp(knex: Knex): Promise<boolean> {
  const { rows } = await knex.raw<{ rows: { empty: boolean }[] }>(
    'select not exists (select from erp.material) and not exists (select from erp.material_group) as empty',
  );
  return rows[0]?.empty ?? false;
}

const record = (recordNo: string, content: object): NewRecord => ({ recordNo, content });
