import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

// The commands on a small shop in a folder of its own: publishing is writing, and must not touch the project.
const root = mkdtempSync(join(tmpdir(), 'commerce-registry-'));
jest.unstable_mockModule('../../platform/paths.ts', () => ({
  projectRoot: root,
  projectFile: (...parts: string[]) => join(root, ...parts),
}));
const { commands } = await import('../../cli/commands.ts');
const { runCommandLine } = await import('../../cli/run.ts');
const { writeFiles } = await import('../../registry/write-files.ts');
const { SHOP } = await import('./small-shop.ts');

const inCopy = (path: string) => readFileSync(join(root, path), 'utf8');
const numbers = (): number[] =>
  JSON.parse(inCopy('schema/history/publications.json')).publications.map((each: { number: number }) => each.number);

async function schema(...words: string[]) {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const terminal = { out: say, note: say, style: (_: unknown, text: string) => text };
  return { code: await runCommandLine(commands, ['schema', ...words], terminal), text: lines.join('\n') };
}

let published = '';
beforeAll(async () => {
  const { 'contracts.yaml': contracts = '', ...files } = SHOP;
  const changes = Object.entries({ ...files, 'schema/contracts.yaml': contracts });
  writeFiles(changes.map(([path, content]) => ({ path, content })));
  expect((await schema('publish', '--message', 'As it is')).code).toBe(0);
  published = inCopy('schema/supergraph.graphql');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('publishes nothing twice', async () => {
  const before = numbers();
  expect(await schema('publish')).toMatchObject({ code: 0, text: expect.stringContaining('Nothing to publish') });
  expect(numbers()).toEqual(before);
});

it('publishes a removal only when somebody took the responsibility, and takes it back', async () => {
  const before = numbers();
  const last = before.at(-1) ?? 0;
  const order = inCopy('order.graphql').replace('  number: String!', '  orderNumber: String!');
  writeFiles([{ path: 'order.graphql', content: order }]);

  expect(await schema('publish')).toMatchObject({ code: 1, text: expect.stringContaining('Nothing was published.') });
  expect([numbers(), inCopy('schema/supergraph.graphql')]).toEqual([before, published]);

  const report = JSON.parse((await schema('check', '--format', 'json')).text);
  const ids = report.findings
    .filter((each: { level: string }) => each.level === 'error')
    .map(({ id }: { id: string }) => id);
  expect(ids.length).toBeGreaterThan(0);
  expect((await schema('approve', ids[0])).code).toBe(2);
  expect((await schema('approve', '0000000000', '--by', 'A', '--reason', 'Nobody reads it')).code).toBe(1);
  for (const id of ids) expect((await schema('approve', id, '--by', 'A', '--reason', 'Nobody reads it')).code).toBe(0);

  expect((await schema('publish', '--message', 'Orders have an orderNumber')).code).toBe(0);
  expect(numbers()).toEqual([...before, last + 1]);
  expect(inCopy('schema/api/shop/2026-11.graphql')).toContain('orderNumber: String!');
  expect(inCopy('schema/changelog.md')).toContain('Orders have an orderNumber');

  expect((await schema('rollback', '--dry-run')).code).toBe(0);
  expect(numbers()).toEqual([...before, last + 1]);
  expect(await schema('rollback')).toMatchObject({ code: 0, text: expect.stringContaining(`publication ${last}`) });
  expect(numbers()).toEqual([...before, last + 1, last + 2]);
  expect(inCopy('schema/supergraph.graphql')).toBe(published);
});
