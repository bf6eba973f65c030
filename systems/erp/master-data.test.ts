import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';
import { createEmptyDatabase } from '../../test/helpers/database.ts';
import { erpSample, startErp, type TestErp } from '../../test/helpers/erp.ts';
import { deriveSampleData } from '../sample-data/derive.ts';
import { seedErp } from './simulator/seed.ts';
import type { MaterialContent } from './wire.ts';

let test: TestErp;
beforeEach(async () => {
  test = await startErp();
});
afterEach(() => test.stop());

const contentOf = async (materialNo: string): Promise<MaterialContent> => {
  const found = await test.erp.findMaterial(materialNo);
  if (!found) throw new Error(`no ${materialNo}`);
  const { materialNo: _no, changeNo: _change, changedAt: _at, ...content } = found;
  return content;
};

describe('the feeds', () => {
  it('start with the sample, in its order, numbered without gaps', async () => {
    const { materials, head } = await test.erp.materialChanges({ after: 0 });
    expect(materials.map(({ materialNo, changeNo }) => [materialNo, changeNo])).toEqual([
      ['M-1', 1],
      ['M-2', 2],
    ]);
    expect(head).toBe(2);
    const conditions = await test.erp.conditionChanges({ after: 0 });
    expect(conditions.conditions).toMatchObject([{ conditionNo: 'C-1', amount: '3.39', validTo: null, changeNo: 1 }]);
    const groups = await test.erp.materialGroupChanges({ after: 0 });
    expect(groups.materialGroups).toMatchObject([{ groupNo: 'G1', text: 'Lights', parentGroupNo: null }]);
  });

  it('tell a changed record once, under a new number and in its new state', async () => {
    await test.erp.putMaterial('M-1', { ...(await contentOf('M-1')), manufacturer: 'Larkmoor' });
    await test.erp.putMaterial('M-1', { ...(await contentOf('M-1')), deletionFlag: true });
    const { materials, head } = await test.erp.materialChanges({ after: 2 });
    expect(materials).toMatchObject([{ materialNo: 'M-1', manufacturer: 'Larkmoor', deletionFlag: true, changeNo: 4 }]);
    expect(head).toBe(4);
  });

  it('say nothing of a PUT that changes nothing', async () => {
    const again = await test.erp.putMaterial('M-1', await contentOf('M-1'));
    expect(again.changeNo).toBe(1);
    expect(await test.erp.materialChanges({ after: 2 })).toEqual({ materials: [], unreadable: [], head: 2 });
  });

  it('wake a waiting reader as soon as something changes', async () => {
    const started = Date.now();
    const waiting = test.erp.materialChanges({ after: 2, waitSeconds: 20 });
    await test.erp.putMaterial('M-3', { ...(await contentOf('M-1')), oldMaterialNo: 'A3' });
    expect((await waiting).materials.map((one) => one.materialNo)).toEqual(['M-3']);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it('give every one of many concurrent changes its own number', async () => {
    const content = await contentOf('M-1');
    const numbers = Array.from({ length: 20 }, (_, index) => `N-${index}`);
    await Promise.all(numbers.map((no) => test.erp.putMaterial(no, { ...content, oldMaterialNo: no })));
    const { materials } = await test.erp.materialChanges({ after: 2 });
    expect(materials.map((one) => one.changeNo)).toEqual(numbers.map((_, index) => index + 3));
    expect(materials.map((one) => one.materialNo).sort()).toEqual([...numbers].sort());
  });

  it('repeat and mix up their entries when told to, with the numbers that tell the truth', async () => {
    test.system.setFaults([
      { route: '/materials', kind: 'duplicate' },
      { route: '/materials', kind: 'reorder' },
    ]);
    const { materials } = await test.erp.materialChanges({ after: 0 });
    expect(materials.map((one) => one.changeNo)).toEqual([2, 2, 1, 1]);
  });
});

describe('records', () => {
  it('are found by the number the channels know', async () => {
    const found = await test.erp.lookUpMaterials(['A2', 'A1', 'NOPE']);
    expect([...found].map(([old, one]) => [old, one.materialNo])).toEqual([
      ['A1', 'M-1'],
      ['A2', 'M-2'],
    ]);
    expect(await test.erp.findMaterial('M-9')).toBeNull();
  });

  it('must refer to records that exist', async () => {
    const content = await contentOf('M-1');
    const [price] = erpSample.conditions;
    const { conditionNo: _no, ...terms } = price!;
    await expect(test.erp.putMaterial('M-3', { ...content, materialGroupNo: 'G9' })).rejects.toMatchObject({
      code: 'SYSTEM_REJECTED',
      details: { status: 422, systemCode: 'UNKNOWN_MATERIAL_GROUP' },
    });
    await expect(test.erp.putCondition('C-2', { ...terms, materialNo: 'M-9' })).rejects.toMatchObject({
      details: { status: 422, systemCode: 'UNKNOWN_MATERIAL' },
    });
    expect((await test.erp.conditionChanges({ after: 1 })).conditions).toEqual([]);
    expect((await test.erp.materialChanges({ after: 2 })).materials).toEqual([]);
  });

  it.each([
    ['2.5', 'GBP'],
    ['2.555', 'GBP'],
    ['485.0', 'JPY'],
    ['0.99', 'KWD'],
    ['1.00', 'XXY'],
  ])('refuse the price %s %s', async (amount, currency) => {
    const { conditionNo: _no, ...terms } = erpSample.conditions[0]!;
    await expect(test.erp.putCondition('C-2', { ...terms, amount, currency })).rejects.toMatchObject({
      details: { status: 422, systemCode: 'INVALID' },
    });
  });

  it('take a price in the digits of its currency', async () => {
    const { conditionNo: _no, ...terms } = erpSample.conditions[0]!;
    expect(await test.erp.putCondition('C-2', { ...terms, amount: '485', currency: 'JPY' })).toMatchObject({
      amount: '485',
    });
    expect(await test.erp.putCondition('C-3', { ...terms, amount: '0.995', currency: 'KWD' })).toMatchObject({
      amount: '0.995',
    });
  });

  it('refuse a GTIN with a wrong check digit', async () => {
    const content = await contentOf('M-1');
    await expect(test.erp.putMaterial('M-1', { ...content, gtinEan: '2007105300003' })).rejects.toMatchObject({
      details: { status: 422, systemCode: 'INVALID' },
    });
    expect((await test.erp.putMaterial('M-1', { ...content, gtinEan: '2007105300002' })).changeNo).toBe(3);
  });
});

describe('the sample', () => {
  it('is not put in again after a restart: what users changed stays', async () => {
    const database = await createEmptyDatabase();
    try {
      const before = await startErp({}, database);
      const found = await before.erp.findMaterial('M-2');
      const { materialNo: _no, changeNo, changedAt: _at, ...content } = found!;
      await before.erp.putMaterial('M-2', { ...content, deletionFlag: true });
      await before.stop();
      const after = await startErp(
        {
          sample: () => {
            throw new Error('must not be asked for');
          },
        },
        database,
      );
      expect(await after.erp.findMaterial('M-2')).toMatchObject({ deletionFlag: true, changeNo: changeNo + 1 });
      await after.stop();
    } finally {
      await database.drop();
    }
  });

  it('of the real retailer goes in completely, and a second time changes nothing', async () => {
    const sample = deriveSampleData(readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8'));
    const records = sample.materialGroups.length + sample.materials.length + sample.conditions.length;
    expect(await seedErp(test.database.knex, sample)).toBe(records);
    expect(await seedErp(test.database.knex, sample)).toBe(0);
    expect(await test.system.counters.effects()).toMatchObject({
      materials: sample.materials.length + erpSample.materials.length,
      conditions: sample.conditions.length + erpSample.conditions.length,
    });
    // The wire format accepts every record: the client parses what it reads.
    for (let after = 0, read = 0; ; ) {
      const { conditions, head } = await test.erp.conditionChanges({ after, limit: 1000 });
      read += conditions.length;
      after = conditions.at(-1)?.changeNo ?? after;
      if (after === head) {
        expect(read).toBe(sample.conditions.length + erpSample.conditions.length);
        break;
      }
    }
    expect(await test.erp.materialChanges({ after: 2, limit: 1000 })).toMatchObject({
      head: sample.materials.length + 2,
    });
  });
});
