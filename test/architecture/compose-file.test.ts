import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
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
  // Names of Compose's own; JSON Schema has a "duration" too, but there "2s" is none.
  ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
  for (const name of ['ports', 'expose', 'subnet_ip_address']) ajv.addFormat(name, true);
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
  const systems = ['erp', 'oms', 'wms', 'carrier', 'channel'].map((name) => `dist/app/system.js ${name}`);
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

it('reaches each system of record where it listens', () => {
  const ports = Object.fromEntries(
    [...read('app', 'system.ts').matchAll(/\b(erp|oms|wms|carrier|channel): (\d+)/g)].map(([, name, port]) => [
      name,
      port,
    ]),
  );
  expect(Object.keys(ports)).toEqual(['erp', 'oms', 'wms', 'carrier', 'channel']);
  for (const [, { environment = {} }] of ours) {
    for (const [name, port] of Object.entries(ports))
      expect(environment[`${name.toUpperCase()}_URL`]).toBe(`http://${name}:${port}`);
  }
});

it('builds an image that holds what the processes read at run time', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY --from=build .*\/app\/(\S+) /gm)].map(([, path]) => path);
  expect(copied).toEqual(expect.arrayContaining(['package.json', 'node_modules', 'dist']));

  const folders = ['app', 'events', 'gateway', 'orchestrator', 'platform', 'registry', 'subgraphs', 'systems'];
  const sources = folders.flatMap((folder) =>
    readdirSync(projectFile(folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => read(folder, file)),
  );
  const wanted = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/(?:projectFile\(|readRequired\(files, )'([^'/]+)/g)].map(([, first]) => first),
    ),
  );
  expect([...wanted]).toEqual(expect.arrayContaining(['schema', 'subgraphs', 'config', 'data', 'supergraph.yaml']));
  expect([...wanted].filter((path) => !copied.includes(path ?? ''))).toEqual([]);

  const ignored = read('.dockerignore').split('\n');
  expect([...wanted].filter((path) => ignored.includes(path ?? ''))).toEqual([]);
});
