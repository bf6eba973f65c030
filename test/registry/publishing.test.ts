import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'graphql';
import type { Caller } from '../../platform/caller.ts';

// The commands on a small shop in a folder of its own: publishing is writing, and must not touch the project.
const limits = new URL('../../config/limits.yaml', import.meta.url);
const root = mkdtempSync(join(tmpdir(), 'commerce-registry-'));
jest.unstable_mockModule('../../platform/paths.ts', () => ({
  projectRoot: root,
  projectFile: (...parts: string[]) => join(root, ...parts),
}));
const { commands } = await import('../../cli/commands.ts');
const { runCommandLine } = await import('../../cli/run.ts');
const { writeFiles } = await import('../../registry/write-files.ts');
const { ask, runGateway } = await import('../gateway/running-gateway.ts');
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

const ORDER = { id: 'o1', number: '7', status: 'PLACED', hold: 'fraud', lines: [] };
let published = '';
beforeAll(async () => {
  const { 'contracts.yaml': contracts = '', ...files } = SHOP;
  const changes = Object.entries({ ...files, 'schema/contracts.yaml': contracts });
  writeFiles(changes.map(([path, content]) => ({ path, content })));
  cpSync(limits, join(root, 'config', 'limits.yaml'));
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
  const approved = inCopy('schema/approvals.yaml');
  for (const expires of ['2026-01-01', new Date().toISOString().slice(0, 10), 'soon', '2099-02-30x']) {
    const refused = await schema('approve', ids[0], '--by', 'B', '--reason', 'Later', '--expires', expires);
    expect(refused).toEqual({ code: 2, text: expect.stringContaining('--expires') });
    expect(inCopy('schema/approvals.yaml')).toBe(approved);
  }
  expect((await schema('approve', ids[0], '--by', 'A', '--reason', 'R', '--expires', '2999-01-01')).code).toBe(0);

  expect((await schema('publish', '--message', 'Orders have an orderNumber')).code).toBe(0);
  expect(numbers()).toEqual([...before, last + 1]);
  expect(inCopy('schema/api/shop/2026-11.graphql')).toContain('orderNumber: String!');
  expect(inCopy('schema/changelog.md')).toContain('Orders have an orderNumber');

  expect((await schema('rollback', '--dry-run')).code).toBe(0);
  expect(numbers()).toEqual([...before, last + 1]);
  expect(await schema('rollback')).toMatchObject({ code: 0, text: expect.stringContaining(`publication ${last}`) });
  expect(numbers()).toEqual([...before, last + 1, last + 2]);
  expect(inCopy('schema/supergraph.graphql')).toBe(published);
  writeFiles([{ path: 'order.graphql', content: SHOP['order.graphql'] ?? '' }]);
});

/** Puts a schema in place of another for as long as `during` takes. */
async function withSchema(file: string, edit: (text: string) => string, during: () => Promise<void>): Promise<void> {
  const before = inCopy(file);
  writeFiles([{ path: file, content: edit(before) }]);
  expect(inCopy(file)).not.toBe(before);
  try {
    await during();
  } finally {
    writeFiles([{ path: file, content: before }]);
  }
}

it.each([[['compose', '--check']], [['check']], [['publish']], [['diff']], [['lint']]])(
  'schema %j of an enum that two subgraphs define differently names both places and what to do',
  async (words) => {
    const inOrder = (text: string) => `${text}
type Mutation { "Says it." say("It." it: Temper!): Temper }
"A temper." enum Temper { "Good." GOOD "Bad." BAD }`;
    const inStock = (text: string) => `${text}
"A temper." enum Temper { "Good." GOOD }`;
    await withSchema('order.graphql', inOrder, () =>
      withSchema('stock.graphql', inStock, async () => {
        const line = (file: string) =>
          inCopy(file)
            .split('\n')
            .findIndex((each) => each.includes('enum Temper')) + 1;
        const { code, text } = await schema(...words);
        expect(code).toBe(1);
        expect(text).toContain(`order.graphql:${line('order.graphql')}`);
        expect(text).toContain(`stock.graphql:${line('stock.graphql')}`);
        expect(text).toContain('value "BAD" is not defined in all the subgraphs');
        if (words[0] !== 'diff') expect(text).toContain('Give the enum the same values in every subgraph');
      }),
    );
  },
);

it('names the subgraphs and lines of what cannot be reached, where composition names none', async () => {
  const unreachable = (text: string) =>
    `${text.replace('"Units on', '"Its bin." bin: Bin! "Units on')}"A bin." type Bin { "Id." id: ID! }`;
  const elsewhere = (text: string) => `${text}"A bin." type Bin @key(fields: "code") { "Code." code: ID! }`;
  await withSchema('stock.graphql', unreachable, () =>
    withSchema('order.graphql', elsewhere, async () => {
      const { code, text } = await schema('compose', '--check');
      expect(code).toBe(1);
      expect(text).toMatch(/^error order\.graphql:\d+: SATISFIABILITY_ERROR/m);
      expect(text).toMatch(/see also stock\.graphql:\d+/);
    }),
  );
});

it('says that main went on since the publication, where there is a main', async () => {
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=T', '-c', 'user.email=t@t', ...words], { stdio: 'ignore' });
  const note = 'main has unpublished changes since publication';
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'As published');
  expect((await schema('check')).text).not.toContain(note);
  await withSchema(
    'schema/supergraph.graphql',
    (text) => `${text}# more\n`,
    async () => {
      git('commit', '-q', '-a', '-m', 'More');
      expect((await schema('check')).text).toContain(note);
      expect((await schema('check', '--base', 'main')).text).not.toContain(note);
    },
  );
  rmSync(join(root, '.git'), { recursive: true, force: true });
});

describe('exit codes', () => {
  const app = join(root, 'app');
  const push = (...more: string[]) =>
    schema('operations', 'push', '--client', 'app', '--contract', 'shop', '--owner', 'web', ...more);
  beforeAll(() =>
    writeFiles([
      { path: 'app/Good.graphql', content: 'query Good($id: ID!) { order(id: $id) { number } }' },
      { path: 'app/Bad.graphql', content: 'query Bad($id: ID!) { order(id: $id) { colour } }' },
      { path: 'app/Broken.graphql', content: 'query Broken {' },
      { path: 'app/other.json', content: '{"a": 1}' },
    ]),
  );

  it.each<[number, string, () => Promise<{ code: number; text: string }>, string]>([
    [1, 'an invalid document', () => push(join(app, 'Bad.graphql')), 'Cannot query field "colour"'],
    [1, 'what is no GraphQL', () => push(join(app, 'Broken.graphql')), 'Syntax Error'],
    [1, 'a version that was never published', () => push('--version', '2020-01', app), 'was never published'],
    [
      2,
      'a contract that is not there',
      () => schema('operations', 'push', '--client', 'a', '--contract', 'gone', app),
      'There is no contract "gone"',
    ],
    [
      2,
      'a new client without an owner',
      () => schema('operations', 'push', '--client', 'n', '--contract', 'shop', app),
      '--owner',
    ],
    [
      2,
      'an owner that is no team',
      () => schema('operations', 'push', '--client', 'n', '--contract', 'shop', '--owner', 'wep', app),
      'lists orders, depot, web. Did you mean web?',
    ],
    [3, 'a path that is not there', () => push(join(app, 'none')), 'does not exist'],
    [3, 'a file that is no manifest', () => push(join(app, 'other.json')), 'other.json'],
    [
      1,
      'removing what is not registered',
      () => schema('operations', 'remove', '--client', 'none', '--operation', 'X'),
      'has no registered documents',
    ],
    [2, 'removing without a choice', () => schema('operations', 'remove', '--client', 'app'), '--client-version'],
    [
      2,
      'listing a contract that is not there',
      () => schema('operations', 'list', '--contract', 'gone'),
      'There is no contract',
    ],
    [2, 'a diff of a contract that is not there', () => schema('diff', '--contract', 'gone'), 'There is no contract'],
    [
      2,
      'a changelog of a contract that is not there',
      () => schema('changelog', '--contract', 'gone'),
      'There is no contract',
    ],
    [2, 'a changelog since no number', () => schema('changelog', '--since', 'May'), 'takes the number'],
    [3, 'a commit that is not there', () => schema('check', '--base', 'no-such-ref'), 'no-such-ref'],
    [
      3,
      'a report that cannot be written',
      () => schema('check', '--report', `json=${root}/none/report.json`),
      'cannot be written',
    ],
    [2, 'a report of no format', () => schema('check', '--report', 'pdf=x'), '--report takes'],
    [
      3,
      'a composition that cannot be written',
      () => schema('compose', '--output', `${root}/none/s.graphql`),
      'none/s.graphql',
    ],
    [1, 'rolling back to what never was', () => schema('rollback', '99'), 'There is no publication 99'],
    [2, 'rolling back to no number', () => schema('rollback', 'last'), 'whole number'],
    [2, 'half a responsibility', () => schema('rollback', '1', '--by', 'A'), '--by and --reason'],
    [2, 'a command that is not there', () => schema('chekc'), 'Did you mean check?'],
  ])('%i for %s', async (expected, _, run, message) => {
    const { code, text } = await run();
    expect({ code, text }).toEqual({ code: expected, text: expect.stringContaining(message) });
  });

  it('0 for what is registered, listed and removed', async () => {
    expect((await push(join(app, 'Good.graphql'))).code).toBe(0);
    expect((await schema('operations', 'list', '--client', 'app')).text).toContain('Good');
    const owner = () => JSON.parse(inCopy('schema/trusted-documents/app/manifest.json')).owner;
    const again = (...words: string[]) =>
      schema('operations', 'push', '--client', 'app', '--contract', 'shop', ...words, join(app, 'Good.graphql'));
    expect((await again()).text).not.toContain('owner');
    expect([(await again('--owner', 'nobody')).code, owner()]).toEqual([2, 'web']);
    expect((await again('--owner', 'depot')).text).toContain('app: owner changed from web to depot.');
    expect(owner()).toBe('depot');
    expect((await schema('operations', 'remove', '--client', 'app', '--operation', 'Good')).code).toBe(0);
  });
});

describe('a running gateway', () => {
  const strict = (text: string) =>
    text.replace('hold: String @tag', 'hold: String @requiresScopes(scopes: [["orders:hold"]]) @tag');

  it('takes a rule, and gives it up only when somebody answers for that; no request fails meanwhile', async () => {
    const rest = buildSubgraphSchema([
      { typeDefs: parse(inCopy('order.graphql')), resolvers: { Query: { order: () => ORDER } } as never },
    ]);
    const order = {
      name: 'order',
      schema: rest,
      context: (caller: Caller, signal: AbortSignal) => ({ caller, signal }),
    };
    const running = await runGateway('', {
      subgraphs: { kind: 'inProcess', subgraphs: [order, { ...order, name: 'stock' }] },
      registryRoot: root,
      contracts: undefined,
    });
    const desk = { clientId: 'desk', contracts: ['desk'], channelCode: null, scopes: [] };
    const key = await running.createKey(desk);
    const url = `${running.gateway.url}/graphql`;
    const headers = { 'apollographql-client-version': '7.1' };
    const failures: unknown[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        const { status, body } = await ask(url, '{ order(id: "o1") { number } }', { key, headers });
        if (status !== 200 || body.errors) failures.push(body);
        await sleep(5);
      }
    })();
    const hold = async () => (await ask(url, '{ order(id: "o1") { number hold } }', { key })).body;
    const until = async (expected: object) => {
      for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(50))
        if (JSON.stringify(await hold()).includes(JSON.stringify(expected).slice(1, -1))) return;
      expect(await hold()).toMatchObject(expected);
    };
    try {
      await until({ data: { order: { number: '7', hold: 'fraud' } } });
      await withSchema('order.graphql', strict, async () => {
        expect((await schema('publish', '--message', 'Holds are for the desk')).code).toBe(0);
      });
      await until({ data: { order: { number: '7', hold: null } } });
      expect((await hold()).errors[0].extensions.code).toBe('FORBIDDEN');
      const before = numbers();

      const refused = await schema('rollback');
      expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('1 of them weaken access') });
      expect(refused.text).toContain(`npx commerce schema rollback ${before.at(-2)} --by <who> --reason <why>`);
      expect(numbers()).toEqual(before);

      const why = ['--by', 'A. Owner', '--reason', 'The desk cannot work'];
      expect((await schema('rollback', '--dry-run', ...why)).code).toBe(0);
      expect(numbers()).toEqual(before);
      expect((await schema('rollback', ...why)).code).toBe(0);
      await until({ data: { order: { number: '7', hold: 'fraud' } } });
      expect(JSON.parse(inCopy('schema/history/publications.json')).publications.at(-1).approval).toEqual({
        by: 'A. Owner',
        reason: 'The desk cannot work',
        findings: ['Order.hold no longer has @requiresScopes [["orders:hold"]].'],
      });
      expect(inCopy('schema/changelog.md')).toContain('A. Owner answers for what that breaks');
      // What clients did meanwhile, exported from the gateway's database: who would be hurt, and how sure that is.
      isOver = true;
      await load;
      await running.gateway.stop();
      const database = process.env.DATABASE_URL;
      process.env.DATABASE_URL = running.database.url;
      const exported = await schema('usage', 'export');
      if (database === undefined) delete process.env.DATABASE_URL;
      else process.env.DATABASE_URL = database;
      expect(exported.code).toBe(0);
      await withSchema(
        'order.graphql',
        (text) => text.replace('  number: String!', '  code: String!'),
        async () => {
          const today = new Date().toISOString().slice(0, 10);
          const report = (await schema('check')).text;
          expect(report).toMatch(
            new RegExp(
              `- desk 7\\.1: an operation that is not registered on desk/2026-11; last seen ${today}, \\d{2,} requests`,
            ),
          );
          expect(report).toContain(`Usage was recorded from ${today}`);
          const usage = JSON.parse(inCopy('schema/usage.json'));
          const old = { ...usage, recordedFrom: '2026-01-01T00:00:00.000Z', recordedUntil: '2026-02-01T00:00:00.000Z' };
          writeFiles([{ path: 'schema/usage.json', content: JSON.stringify(old) }]);
          expect((await schema('check')).text).toMatch(/Usage is \d+ days old .* too old to trust/);
          writeFiles([{ path: 'schema/usage.json', content: null }]);
          expect((await schema('check')).text).toContain('No usage was exported');
        },
      );
    } finally {
      isOver = true;
      await load;
      await running.stop();
    }
    expect(failures).toEqual([]);
  }, 60_000);
});
