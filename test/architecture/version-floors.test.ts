import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';

/** Versions below which a known attack works. */
const FLOORS: readonly (readonly [name: string, floor: string, why: string])[] = [
  ['@apollo/gateway', '2.10.5', 'CVE-2025-32030, CVE-2026-32621'],
  ['@apollo/query-planner', '2.10.1', 'CVE-2025-32031: planning of fragments without an end'],
  ['@apollo/federation-internals', '2.10.5', 'CVE-2026-32621: prototype pollution'],
  ['@apollo/server', '5.5.0', 'GHSA-9q82-xgwf-vj6h: reading across sites by GET'],
];

describe('a dependency that was attacked before', () => {
  it.each(FLOORS)('%s is at least %s (%s)', (name, floor) => {
    const file = projectFile('node_modules', name, 'package.json');
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    expect(compare(version, floor)).toBeGreaterThanOrEqual(0);
  });

  it('is compared number by number', () => {
    expect(compare('2.9.9', '2.10.5')).toBeLessThan(0);
    expect(compare('2.10.5', '2.10.5')).toBe(0);
    expect(compare('5.5.1', '5.5.0')).toBeGreaterThan(0);
  });
});

function compare(version: string, floor: string): number {
  const [actual, least] = [version, floor].map((text) => text.split('.').map(Number));
  for (let part = 0; part < 3; part++) {
    const difference = (actual?.[part] ?? 0) - (least?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
