import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { judge, loadReturnPolicy, mayComeBack } from './policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'returns-'));
afterAll(() => rmSync(folder, { recursive: true }));

function policyOf(text: string) {
  const file = join(folder, 'returns.yaml');
  writeFileSync(file, text);
  return loadReturnPolicy(file);
}

const policy = policyOf(`
rules:
  - { name: candles, categories: [Candles], windowDays: 7, refund: RECEIPT }
  - { name: amazon, channels: [AMAZON], windowDays: 60, refund: FIRST_SCAN }
  - { name: rest, windowDays: 30, refund: AUTHORIZATION }
finalSale: [POSTER]
expireAfterDays: 28
closePartialAfterDays: 14
`);

const now = new Date('2026-11-27T12:00:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const verdict = (sku: string, channelCode: string, deliveredAt: Date | null, categories: string[] = []) =>
  judge(policy, { sku, categories }, { channelCode, deliveredAt }, now);

describe('the return policy', () => {
  it('goes by the first rule that fits channel and category', () => {
    expect(verdict('A', 'AMAZON', daysAgo(7), ['Home', 'Candles'])).toEqual({ kind: 'returnable', refund: 'RECEIPT' });
    expect(verdict('A', 'AMAZON', daysAgo(8), ['Candles'])).toEqual({ kind: 'periodEnded', windowDays: 7 });
    expect(verdict('A', 'AMAZON', daysAgo(60))).toEqual({ kind: 'returnable', refund: 'FIRST_SCAN' });
    expect(verdict('A', 'WEB', daysAgo(30))).toEqual({ kind: 'returnable', refund: 'AUTHORIZATION' });
    expect(verdict('A', 'WEB', new Date(daysAgo(30).getTime() - 1))).toEqual({ kind: 'periodEnded', windowDays: 30 });
  });

  it('begins no window before a delivery, and takes nothing back that was sold for good', () => {
    expect(verdict('A', 'WEB', null)).toMatchObject({ kind: 'returnable' });
    expect(verdict('POSTER', 'WEB', daysAgo(1))).toEqual({ kind: 'finalSale' });
  });

  it('says of an order whether any of it may come back, by the most generous rule', () => {
    const order = (channelCode: string, days: number, skus: string[]) =>
      mayComeBack(policy, { channelCode, deliveredAt: daysAgo(days), skus }, now);
    expect(order('AMAZON', 60, ['A', 'POSTER'])).toBe(true);
    expect(order('WEB', 31, ['A'])).toBe(false);
    expect(order('WEB', 1, ['POSTER'])).toBe(false);
  });

  it('names every place of a file that is wrong', () => {
    const file = join(folder, 'returns.yaml');
    const wrong = (rules: string) => () => policyOf(`{ rules: ${rules}, expireAfterDays: 28, closePartialAfterDays: 14 }`); // biome-ignore format: one thought
    expect(wrong('[{ name: a, channels: [WEB], windowDays: 1, refund: RECEIPT }]')).toThrow(
      `${file}: rules: the last rule must be for all channels and categories`,
    );
    expect(wrong('[{ name: a, windowDays: -1, refund: NEVER }]')).toThrow(/rules\.0\.windowDays.*rules\.0\.refund/s);
    expect(() => policyOf('rules: [')).toThrow('cannot be read as YAML: line 1');
  });

  it('of the project is one', () => {
    expect(loadReturnPolicy()).toMatchObject({ expireAfterDays: 28, finalSale: new Set() });
  });
});
