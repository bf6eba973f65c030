import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadOwnership } from './index.ts';
import { ownerOf } from './model.ts';

const folder = mkdtempSync(join(tmpdir(), 'ownership-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  const file = join(folder, 'ownership.yaml');
  writeFileSync(file, text);
  return loadOwnership(file);
}

describe('ownerOf', () => {
  const map = load(`
default: platform
rules:
  - { system: wms, owner: warehouse }
  - { system: wms, operation: release-, owner: dispatch }
  - { system: wms, operation: release-work-9, owner: night-shift }
`);

  it.each([
    ['wms', 'release-work-9', 'night-shift'],
    ['wms', 'release-work-0', 'dispatch'],
    ['wms', 'pre-release-', 'warehouse'],
    ['erp', 'release-work-9', 'platform'],
  ])('%s %s belongs to %s', (system, operation, owner) => {
    expect(ownerOf(map, system, operation)).toBe(owner);
  });
});

describe('loadOwnership', () => {
  it('reads the map of the project', () => {
    const map = loadOwnership();
    expect(ownerOf(map, 'carrier', 'map-tracking-status')).toBe('platform');
    expect(ownerOf(map, 'carrier', 'poll')).toBe('carrier-relations');
    expect(ownerOf(map, 'nobody-knows', 'anything')).toBe('platform');
  });

  it.each([
    ['rules: []', 'default'],
    ['{ default: platform, rules: [{ system: wms }] }', 'rules.0.owner'],
    ['{ default: Platform Team, rules: [] }', 'default: expected lower-case letters, digits and hyphens'],
    ['{ default: platform, rules: [{ system: wms, owner: a, team: b }] }', 'rules.0'],
    [
      '{ default: platform, rules: [{ system: wms, owner: a }, { system: wms, owner: b }] }',
      'rules.1: a second rule for "wms"',
    ],
    ['[', 'cannot be read as YAML: line 1'],
  ])('refuses %s', (text, place) => {
    expect(() => load(text)).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.stringContaining(place) }),
    );
  });
});
