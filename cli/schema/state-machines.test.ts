import { readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { buildASTSchema, isEnumType, parse } from 'graphql';
import { projectFile } from '../../platform/paths.ts';
import { statePlace } from '../../registry/check/state-place.ts';
import { workingTree } from '../../registry/files.ts';
import { declaredStates, stateTables } from './state-machines.ts';

const sources = readdirSync(projectFile('subgraphs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => projectFile('subgraphs', path));

/** The enums of the whole graph: name → values. */
function enumsOfTheGraph(): ReadonlyMap<string, readonly string[]> {
  const graph = parse(readFileSync(projectFile('schema', 'supergraph.graphql'), 'utf8'));
  const types = Object.values(buildASTSchema(graph, { assumeValidSDL: true }).getTypeMap()).filter(isEnumType);
  return new Map(types.map((type) => [type.name, type.getValues().map(({ name }) => name)]));
}

it('are in files named states.ts, where the registry may read them', () => {
  const elsewhere = sources.filter((path) => /const \w+_TRANSITIONS\b/.test(readFileSync(path, 'utf8')));
  expect(elsewhere.map((path) => path.split(/[\\/]/).at(-1))).toEqual(elsewhere.map(() => 'states.ts'));
});

it('are all published', async () => {
  const published = Object.values(declaredStates) as unknown[];
  const hidden: string[] = [];
  for (const path of sources.filter((each) => each.endsWith('states.ts'))) {
    const module = (await import(pathToFileURL(path).href)) as Record<string, Record<string, readonly string[]>>;
    for (const [name, table] of Object.entries(module)) {
      if (!name.endsWith('_TRANSITIONS') || published.includes(table)) continue;
      hidden.push(name);
    }
  }
  expect(hidden).toEqual([]);
});

it.each(Object.entries(declaredStates))('%s: states and targets are values of the enum', (machine, table) => {
  const values = enumsOfTheGraph().get(machine) ?? [];
  expect(values).toEqual(expect.arrayContaining([...Object.keys(table), ...Object.values(table).flat()]));
});

it('say what the ranks of a package allow', () => {
  expect(declaredStates.ShipmentStatus).toMatchObject({
    DELIVERED: [],
    LOST: [],
    CANCELLED: [],
    UNKNOWN: [],
    AVAILABLE_FOR_PICKUP: ['RETURN_TO_SENDER', 'DELIVERED', 'LOST', 'EXCEPTION'],
    RETURN_TO_SENDER: ['DELIVERED', 'LOST', 'EXCEPTION'],
  });
  const intoCancelled = Object.entries(declaredStates.ShipmentStatus ?? {}).filter(([, to]) =>
    to.includes('CANCELLED'),
  );
  expect(intoCancelled.map(([state]) => state)).toEqual(['LABEL_CREATED', 'EXCEPTION']);
});

it.each(Object.entries(declaredStates))('%s: the line of each state in its table is found', (machine, table) => {
  const read = (file: string) => workingTree().read(file);
  for (const state of Object.keys(table)) {
    const place = statePlace(read, stateTables, `${machine}.${state}`);
    const line = place && (read(place.file) ?? '').split('\n')[place.line - 1];
    expect(line).toMatch(new RegExp(`^\\s*${state}:`));
  }
});
