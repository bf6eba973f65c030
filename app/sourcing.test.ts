import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../platform/logger.ts';
import { openSourcing } from './sourcing.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'live-sourcing-'));
const file = path.join(folder, 'sourcing.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

const only = (code: string, more = '') => `${more}\nrules: [{ name: a, prefer: [nearest], only: [${code}] }]`;
const { signal } = new AbortController();
let known: string[];
let sites: () => Promise<void>;
let open: Map<string, string>;

beforeEach(() => {
  known = ['EAST', 'WEST'];
  sites = async () => undefined;
  open = new Map();
});

function sourcing(text: string) {
  writeFileSync(file, text);
  return openSourcing({
    file,
    knownCodes: async () => ({ nodes: known, channels: ['WEB'] }),
    readSites: () => sites(),
    exceptions: {
      raise: async ({ key, message }) => void open.set(key, message),
      resolve: async (key) => void open.delete(key),
    },
    logger: createLogger({ level: 'silent', component: 'test' }),
  });
}

describe('rules that name a node which does not exist', () => {
  it.each([
    ['only', 'rules: [{ name: a, prefer: [nearest], only: [EAST, ESAT] }]', 'rules.0.only.1 (rule "a")'],
    ['without', 'rules: [{ name: a, prefer: [nearest], without: [ESAT] }]', 'rules.0.without.0 (rule "a")'],
    ['in order', 'rules: [{ name: a, prefer: [preferred-nodes], nodes: [ESAT] }]', 'rules.0.nodes.0 (rule "a")'],
    ['with a policy', 'nodes: { ESAT: { capacityPerDay: 5 } }', 'nodes.ESAT'],
  ])('%s stop the start, with the place and the nodes that exist', async (_, text, place) => {
    await expect(sourcing(text).verify(signal)).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: `${file}: ${place}: there is no node ESAT. Known nodes: EAST, WEST. Enter one that is to be connected later under nodes with planned: true.`,
    });
  });

  it('may be about one that is new at the warehouse', async () => {
    sites = async () => void known.push('NORTH');
    await sourcing(only('NORTH')).verify(signal);
    expect(open.size).toBe(0);
  });

  it('may be about one that is planned', async () => {
    await sourcing(only('NORTH', 'nodes: { NORTH: { planned: true } }')).verify(signal);
    expect(open.size).toBe(0);
  });

  it('are told on the desk where the warehouse cannot be asked, and close it when it can', async () => {
    sites = () => Promise.reject(new Error('down'));
    const rules = sourcing(only('NORTH'));
    await rules.verify(signal);
    expect([...open.keys()]).toEqual(['sourcing:rules']);
    known.push('NORTH');
    await rules.look();
    expect(open.size).toBe(0);
  });

  it('are told on the desk when nodes are known for the first time', async () => {
    known = [];
    const rules = sourcing(only('ESAT'));
    await rules.verify(signal);
    await rules.look();
    expect(open.size).toBe(0);
    known = ['EAST'];
    await rules.look();
    expect(open.get('sourcing:rules')).toContain('there is no node ESAT. Known nodes: EAST.');
  });
});

describe('rules that name a channel which does not exist', () => {
  const forChannel = (code: string, more = '') =>
    `${more}\nrules: [{ name: a, channels: [${code}], prefer: [nearest] }, { name: b, prefer: [nearest] }]`;
  const message = 'rules.0.channels.0 (rule "a"): there is no channel WBE. Known channels: WEB. Enter one that is to come under plannedChannels.'; // biome-ignore format: one thought

  it.each([
    ['asked', async () => undefined],
    ['asked in vain', () => Promise.reject(new Error('down'))],
  ])('stop the start, whether the warehouse can be %s or not', async (_, readSites) => {
    sites = readSites;
    await expect(sourcing(forChannel('WBE')).verify(signal)).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: `${file}: ${message}`,
    });
  });

  it('may be about one that is planned', async () => {
    await sourcing(forChannel('WBE', 'plannedChannels: [WBE]')).verify(signal);
    expect(open.size).toBe(0);
  });
});

it('takes a changed file over, and keeps the rules before while it is wrong', async () => {
  const rules = sourcing(only('EAST'));
  await rules.verify(signal);
  const nodes = () => rules.current.rules.map((rule) => rule.only);
  writeFileSync(file, only('WEST'));
  await rules.look();
  expect(nodes()).toEqual([['WEST']]);
  for (const wrong of [only('WSET'), 'rules: [']) {
    writeFileSync(file, wrong);
    await rules.look();
    expect(nodes()).toEqual([['WEST']]);
    expect(open.get('sourcing:rules')).toMatch(
      /^The changed sourcing rules are refused, those before stay in force\. /,
    );
  }
  writeFileSync(file, only('EAST'));
  await rules.look();
  expect(nodes()).toEqual([['EAST']]);
  expect(open.size).toBe(0);
});

it('closes the exception when the file before is put back, and tells of the same mistake again', async () => {
  const rules = sourcing(only('EAST'));
  await rules.verify(signal);
  for (let time = 0; time < 2; time++) {
    writeFileSync(file, only('WSET'));
    await rules.look();
    expect(open.size).toBe(1);
    writeFileSync(file, only('EAST'));
    await rules.look();
    expect(open.size).toBe(0);
  }
});
