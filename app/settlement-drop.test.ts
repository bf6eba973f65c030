import { expect, it } from '@jest/globals';
import { showDropped } from './settlement-drop.ts';

it('puts a refused file of the drop folder on the desk, and takes it off when one of its name is taken in', async () => {
  const desk = new Map<string, string>();
  const alarm = {
    raise: async ({ key, message }: { key: string; message: string }) => void desk.set(key, message),
    resolve: async (key: string) => void desk.delete(key),
  };
  await showDropped(alarm, 'NOON/canonical/1.csv', { kind: 'REFUSED', code: 'TOTAL_MISMATCH', message: 'Line 2 states 1.00.', lineNumber: 2, column: null }); // biome-ignore format: one thought
  expect([...desk.entries()]).toEqual([
    ['settlement:drop:NOON/canonical/1.csv', expect.stringContaining('The report NOON/canonical/1.csv was refused (TOTAL_MISMATCH): Line 2 states 1.00. It lies in refused/')],
  ]); // biome-ignore format: one thought
  await showDropped(alarm, 'NOON/canonical/2.csv', { kind: 'DUPLICATE', settlementId: 'stl_1' });
  expect(desk.size).toBe(1);
  await showDropped(alarm, 'NOON/canonical/1.csv', { kind: 'INGESTED', settlementId: 'stl_2', lineCount: 1 });
  expect(desk.size).toBe(0);
});
