import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { loadDegradationRules, saveDegradationRules } from './rules.ts';

const folder = mkdtempSync(join(tmpdir(), 'degradation-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  const file = join(folder, 'degradation.yaml');
  writeFileSync(file, text);
  return loadDegradationRules(file);
}

describe('the file', () => {
  it('is read with all its words', () => {
    expect(
      load(`rules:
        - { system: wms, after: 90s, availability: hide, orders: refuse }
        - { system: wms, channel: POS, after: 15m, availability: { cap: 5 } }
        - { system: wms, channel: POS, after: 2h, availability: { threshold: 0 }, orders: accept }
        - { system: erp, after: 1d, availability: { buffer: 2 } }
        - { system: erp, channel: POS, after: 1d, availability: { buffer: 12.5% }, orders: hold }`),
    ).toEqual([
      { system: 'wms', after: 90, availability: { cap: 0 }, orders: 'refuse' },
      { system: 'wms', channel: 'POS', after: 900, availability: { cap: 5 } },
      { system: 'wms', channel: 'POS', after: 7_200, availability: { threshold: 0 }, orders: 'accept' },
      { system: 'erp', after: 86_400, availability: { buffer: 2 } },
      { system: 'erp', channel: 'POS', after: 86_400, availability: { buffer: { percent: 12.5 } }, orders: 'hold' },
    ]);
  });

  it('of the project is right', () => {
    expect(loadDegradationRules().length).toBeGreaterThan(0);
  });

  it('has every wrong place named', () => {
    const wrong = () =>
      load(`rules:
        - { system: oms, after: 5m, orders: hold }
        - { system: wms, after: 5, orders: later }
        - { system: wms, after: 5m }
        - { system: wms, after: 10m, availability: { buffer: 101% } }
        - { system: wms, after: 10m, availability: { cap: -1 }, hide: true }
        - { system: wms, after: 1h, orders: hold }
        - { system: wms, after: 60m, orders: accept }`);
    expect(wrong).toThrow(
      /rules\.0\.system: expected wms or erp.*rules\.1\.after: expected a time.*rules\.1\.orders: expected accept, hold or refuse/,
    );
    expect(wrong).toThrow(
      /rules\.3\.availability\.buffer: expected whole units.*rules\.4\.availability\.cap: expected whole units.*rules\.4: Unrecognized key/,
    );
    expect(() => load('rules: [{ system: wms, after: 5m }]')).toThrow('rules.0: says nothing');
    expect(() =>
      load('rules: [{ system: wms, after: 1h, orders: hold }, { system: wms, after: 60m, orders: accept }]'),
    ).toThrow('rules.1: is about the same system, channel and age as rules.0');
    expect(() => load('rules: [{ system: wms, after: 29s, orders: hold }]')).toThrow(
      'rules.0.after: expected 30s or more',
    );
    expect(() => load('rules: {')).toThrow('cannot be read as YAML: line 1');
  });
});

describe('integration.degradation', () => {
  let database: TestDatabase;
  let knex: Knex;
  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
    knex = database.knex;
  });
  afterAll(() => database.drop());
  beforeEach(() => knex.raw('truncate integration.system_contact, integration.system_health'));

  const rules = (text: string) => saveDegradationRules(knex, load(text));
  const silentFor = (system: string, feed: string, seconds: number) =>
    query(knex, 'insert into integration.system_contact values (?, ?, now() - make_interval(secs => ?))', [system, feed, seconds]); // biome-ignore format: one thought
  const circuit = (process: string, state: string, reportedSecondsAgo = 0) =>
    query(
      knex,
      `insert into integration.system_health (process, system, name, kind, domains, circuit, reported_at)
       values (?, 'wms', 'Warehouses', 'WMS', '{}', ?, now() - make_interval(secs => ?))`,
      [process, state, reportedSecondsAgo],
    );
  async function now(channel: string) {
    const [row] = await query<Record<string, unknown>>(knex, 'select (integration.degradation(?)).*', [channel]);
    return Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== null));
  }

  it('says nothing while the system is heard, and of a system that never was', async () => {
    await rules('rules: [{ system: wms, after: 5m, availability: hide }]');
    expect(await now('WEB')).toEqual({});
    await silentFor('wms', 'stock-ledger', 299);
    expect(await now('WEB')).toEqual({});
  });

  it('goes by the feed that was heard longest ago', async () => {
    await rules('rules: [{ system: erp, after: 5m, orders: hold }]');
    await silentFor('erp', 'goods', 1);
    await silentFor('erp', 'prices', 301);
    expect(await now('WEB')).toEqual({ orders: 'HOLD', systems: ['erp'], waits_for: ['erp'] });
  });

  it('waits half a minute at most for a system that refuses calls, and not for one process that cannot reach it', async () => {
    await rules('rules: [{ system: wms, after: 1h, availability: { cap: 3 } }]');
    await silentFor('wms', 'stock-ledger', 25);
    await circuit('worker', 'OPEN');
    expect(await now('WEB')).toEqual({});
    await query(knex, "update integration.system_contact set heard_at = now() - interval '31 seconds'");
    expect(await now('WEB')).toEqual({ cap: 3, systems: ['wms'] });
    await query(knex, "update integration.system_health set circuit = 'HALF_OPEN'");
    expect(await now('WEB')).toEqual({ cap: 3, systems: ['wms'] });
    // A process that is gone cannot say that the system refuses calls.
    await query(knex, "update integration.system_health set reported_at = now() - interval '11 seconds'");
    expect(await now('WEB')).toEqual({});
    await circuit('gateway', 'CLOSED');
    expect(await now('WEB')).toEqual({});
  });

  it('takes each word from the closest rule, of equally close ones from the one that waited longest', async () => {
    await rules(`rules:
      - { system: wms, after: 1m, availability: { buffer: 10% }, orders: hold }
      - { system: wms, after: 1h, availability: hide, orders: refuse }
      - { system: wms, channel: POS, after: 1m, orders: accept }
      - { system: wms, channel: B2B, after: 1d, availability: { cap: 1 } }`);
    await silentFor('wms', 'stock-ledger', 120);
    expect(await now('WEB')).toEqual({ buffer_percent: 10, orders: 'HOLD', systems: ['wms'], waits_for: ['wms'] });
    expect(await now('POS')).toEqual({ buffer_percent: 10, systems: ['wms'] });
    await query(knex, "update integration.system_contact set heard_at = now() - interval '2 hours'");
    expect(await now('WEB')).toEqual({ cap: 0, orders: 'REFUSE', systems: ['wms'], waits_for: ['wms'] });
    expect(await now('POS')).toEqual({ cap: 0, systems: ['wms'] });
    await query(knex, "update integration.system_contact set heard_at = now() - interval '2 days'");
    expect(await now('B2B')).toMatchObject({ cap: 1, orders: 'REFUSE' });
  });

  it('does all that is said when several systems are not heard', async () => {
    await rules(`rules:
      - { system: wms, after: 1m, availability: { threshold: 4 }, orders: hold }
      - { system: erp, after: 1m, availability: { cap: 9 }, orders: hold }`);
    await silentFor('wms', 'stock-ledger', 120);
    await silentFor('erp', 'prices', 120);
    expect(await now('WEB')).toEqual({ cap: 9, threshold: 4, orders: 'HOLD', systems: ['erp', 'wms'], waits_for: ['erp', 'wms'] }); // biome-ignore format: one thought
  });

  it('is over when the system is heard again', async () => {
    await rules('rules: [{ system: wms, after: 1m, availability: hide }]');
    await silentFor('wms', 'stock-ledger', 120);
    await query(knex, "select integration.note_contact('wms', 'stock-ledger')");
    expect(await now('WEB')).toEqual({});
  });

  it('is over too when a clock that ran ahead was set back', async () => {
    await rules('rules: [{ system: wms, after: 1m, availability: hide }]');
    await silentFor('wms', 'stock-ledger', -3_600);
    await query(knex, "select integration.note_contact('wms', 'stock-ledger')");
    await query(knex, "update integration.system_contact set heard_at = heard_at - interval '2 minutes'");
    expect(await now('WEB')).toEqual({ cap: 0, systems: ['wms'] });
  });
});
