import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { configVariables, loadConfig } from '../../platform/config.ts';
import { projectFile } from '../../platform/paths.ts';
import { readSupergraphConfig } from '../../registry/supergraph-config.ts';

interface Service {
  readonly command?: readonly string[];
  readonly build?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const read = (...file: string[]) => readFileSync(projectFile(...file), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> };
const ours = Object.entries(compose.services).filter(([, service]) => service.build !== undefined);

it('is a Compose file', () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addFormat('duration', true); // Compose's durations ("2s") are not the ISO 8601 ones of JSON Schema
  // Written for an older draft: its ids and its draft's name mean nothing to ajv, and nothing refers to them.
  const schema = JSON.parse(read('test', 'architecture', 'compose-spec', 'compose-spec.json'), (key, value) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  );
  const valid = ajv.compile(schema);
  expect(valid(compose) ? [] : valid.errors).toEqual([]);
  expect(valid({ services: { gateway: { prots: [] } } })).toBe(false);
});

it('runs every process as a service of its own', () => {
  const commands = ours.map(([, service]) => service.command?.slice(1).join(' '));
  const subgraphs = readSupergraphConfig().flatMap(({ name }) =>
    name === 'events' ? [] : [`dist/app/subgraph.js ${name}`],
  );
  const systems = ['erp', 'oms', 'wms', 'carrier'].map((name) => `dist/app/system.js ${name}`);
  expect(commands.sort()).toEqual(
    [...subgraphs, ...systems, 'dist/app/worker-process.js', 'dist/app/gateway.js'].sort(),
  );
});

it('sets only variables that exist, to values that are accepted', () => {
  const known = new Set(configVariables().map((variable) => variable.name));
  for (const [name, { environment = {} }] of ours) {
    expect([name, Object.keys(environment).filter((variable) => !known.has(variable))]).toEqual([name, []]);
    const values = Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [variable, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]),
    );
    expect(() => loadConfig(values)).not.toThrow();
  }
});

it('reaches each subgraph where it listens', () => {
  const { environment = {} } = compose.services.gateway as Service;
  for (const { name, url } of readSupergraphConfig()) {
    if (name !== 'events')
      expect(environment[`${name.toUpperCase()}_URL`]).toBe(`http://${name}:${new URL(url).port}/graphql`);
  }
});

it('builds an image that holds what the processes read at run time', () => {
  const dockerfile = read('Dockerfile');
  for (const folder of [
    'dist',
    'schema',
    'subgraphs',
    'supergraph.yaml',
    'config',
    'data',
    'package.json',
    'node_modules',
  ]) {
    expect(dockerfile).toMatch(new RegExp(`COPY --from=build --chown=node:node /app/${folder.replace('.', '[.]')} `));
  }
});
