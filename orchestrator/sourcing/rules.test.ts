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
