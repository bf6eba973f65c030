import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';
import { loadSourcingRules, ruleFor } from './rules.ts';
import { zoneOf } from './score.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sourcing-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  const file = path.join(folder, 'sourcing.yaml');
  writeFileSync(file, text);
  return loadSourcingRules(file);
}

it('reads the file of this project', () => {
  const { rules, zones } = loadSourcingRules(projectFile('config', 'sourcing.yaml'));
  const order = {
    channelCode: 'WEB',
    serviceLevel: 'EXPEDITED',
    destination: { countryCode: 'GB', postalCode: 'n1 1aa' },
  };
  expect(ruleFor(rules, order)?.name).toBe('express');
  expect(ruleFor(rules, { ...order, serviceLevel: null })?.name).toBe('standard');
  expect(zoneOf(zones, order.destination)?.[0]).toBe('london');
  expect(zoneOf(zones, { countryCode: 'GB', postalCode: 'NE1 4ST' })?.[0]).toBe('north');
  expect(zoneOf(zones, { countryCode: 'GB', postalCode: 'TR1 1AA' })?.[0]).toBe('britain');
  expect(zoneOf(zones, { countryCode: 'FR', postalCode: 'N1' })).toBeNull();
});

it.each([
  ['no YAML', 'rules: [', 'cannot be read as YAML'],
  ['an unknown word', 'rules: [{ name: a, prefer: [fastest] }]', 'rules.0.prefer.0'],
  ['a rule without a preference', 'rules: [{ name: a, prefer: [] }]', 'rules.0.prefer'],
  ['two rules of one name', 'rules: [{ name: a, channels: [B], prefer: [nearest] }, { name: a, prefer: [nearest] }]', 'a second rule "a"'],
  ['a last rule that is not for all', 'rules: [{ name: a, channels: [WEB], prefer: [nearest] }]', 'the last rule is for all orders'],
  ['a list of nodes that is missing', 'rules: [{ name: a, prefer: [preferred-nodes] }]', 'needs the nodes in their order'],
  ['a policy that does not exist', 'rules: [{ name: a, prefer: [nearest], fill: FillSome }]', 'rules.0.fill'],
  ['two ways of dealing with what is missing', 'rules: [{ name: a, prefer: [nearest], otherwise: wait, fill: FillOrKill }]', 'use FillAll'],
  ['nobody left', 'rules: [{ name: a, prefer: [nearest], only: [X], without: [X] }]', 'no node is left'],
  ['a zone that is not there', 'nodes: { X: { cost: { to: { moon: 1 } } } }', 'there is no such zone'],
  ['a time without quotes', 'nodes: { X: { cutOff: 960 } }', 'nodes.X.cutOff'],
  ['a time that is none', 'nodes: { X: { cutOff: "24:00" } }', 'expected a time of day'],
  ['a time zone that is none', 'nodes: { X: { timeZone: Mars/Base } }', 'expected an IANA time zone'],
  ['a node that never opens', 'nodes: { X: { closed: [MON, TUE, WED, THU, FRI, SAT, SUN] } }', 'closed on every day'],
  ['a place off the earth', 'nodes: { X: { at: [91, 0] } }', 'nodes.X.at'],
  ['money in pounds', 'nodes: { X: { cost: { shipment: 3.5 } } }', 'expected whole minor units'],
])('refuses %s and names the place', (_, text, message) => {
  expect(() => load(text)).toThrow(message);
}); // biome-ignore format: a table

it('names every wrong place at once, also codes of nodes and channels that do not exist', () => {
  const text = `
nodes:
  EAST: { cost: { to: { moon: 1 } } }
  WSET: { planned: yes }
rules:
  - { name: a, channels: [WEB, WBE], prefer: [fastest], only: [EAST, ESAT] }
  - { name: a, countries: [gb], prefer: [preferred-nodes], without: [WETS] }`;
  const file = path.join(folder, 'many.yaml');
  writeFileSync(file, text);
  let message = '';
  try {
    loadSourcingRules(file, { nodes: ['EAST', 'WEST'], channels: ['WEB'] });
  } catch (error) {
    message = (error as Error).message;
  }
  const [places = '', advice] = message.slice(`${file}: `.length).split('. Known channels: ');
  expect(places.split('; ').map((place) => place.split(': ')[0])).toEqual([
    'nodes.WSET.planned',
    'rules.0.prefer.0',
    'rules.1.countries.0',
    'nodes.EAST.cost.to.moon',
    'rules.1.name',
    'rules.1.nodes',
    'rules.1',
    'rules.0.channels.1 (rule "a")',
    'nodes.WSET',
    'rules.0.only.1 (rule "a")',
    'rules.1.without.0 (rule "a")',
  ]);
  expect(advice).toMatch(/^WEB\. .*Known nodes: EAST, WEST\. /);
});

it.each([
  ['a key that stands there twice', 'zones: {}\nrules: []\nzones: { secret: 1 }', 'line 3, column 1: a key stands there a second time'],
  ['two mistakes', 'a: 1\na: 2\nb: 1\nb: secret', 'line 2, column 1: a key stands there a second time; line 4, column 1: a key stands there a second time'],
  ['an alias of nothing', 'a: *secret', 'an alias (*name) stands for nothing before it, or there are too many'],
])('tells the line and the reason of %s, and nothing of the text', (_, text, reason) => {
  let message = '';
  try {
    load(text);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message.replace(folder, '')).toBe(`/sourcing.yaml cannot be read as YAML: ${reason}`);
}); // biome-ignore format: a table
