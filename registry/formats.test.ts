import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { projectFile } from '../platform/paths.ts';
import { contractOperations } from '../test/helpers/contract-operations.ts';
import { readApprovals } from './approvals.ts';
import { parseContracts } from './contracts.ts';
import { declaredEvents } from './event-schemas.ts';
import { type RegistryFiles, workingTree } from './files.ts';
import { readOwners } from './owners.ts';
import { readSupergraphConfig } from './supergraph-config.ts';
import { documentHash, readTrustedDocuments } from './trusted-documents.ts';
import { readUsage, usageAgeDays } from './usage.ts';
import { isExpired, readVersions } from './versions.ts';

/** Files in memory. */
const tree = (texts: Readonly<Record<string, string>>): RegistryFiles => ({
  name: 'the test',
  read: (path) => texts[path] ?? null,
  readBytes: (path) => (texts[path] === undefined ? null : Buffer.from(texts[path])),
  list: (folder) => [
    ...new Set(
      Object.keys(texts)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''),
    ),
  ],
});

describe('dated versions', () => {
  const versions = (...lines: string[]) => tree({ 'schema/versions.yaml': ['versions:', ...lines].join('\n') });
  const entry = (name: string, published: string, sunset: string | null) =>
    `  ${name}: { published: ${published}, sunset: ${sunset}, migration: Nothing to do. }`;

  it('are read oldest first', () => {
    const read = readVersions(
      versions(entry('2027-02', '2027-02-01', null), entry('2026-11', '2026-11-27', '2027-11-27')),
    );
    expect(read.map(({ version, sunset }) => [version, sunset])).toEqual([
      ['2026-11', '2027-11-27'],
      ['2027-02', null],
    ]);
  });

  it('cannot end before they were served for twelve months', () => {
    const files = versions(entry('2026-11', '2026-11-27', '2027-11-26'), entry('2027-02', '2027-02-01', null));
    expect(() => readVersions(files)).toThrow(
      'schema/versions.yaml: 2026-11 was published on 2026-11-27 and promised for 12 months: its sunset cannot be before 2027-11-27, but is 2027-11-26.',
    );
  });

  it('have no end while they are the newest', () => {
    expect(() => readVersions(versions(entry('2026-11', '2026-11-27', '2028-01-01')))).toThrow(
      'Publish its successor first.',
    );
  });

  it.each([
    ['2027-11-26', false],
    ['2027-11-27', true],
  ])('on %s, a version with sunset 2027-11-27 is expired: %j', (today, expected) => {
    const version = { version: '2026-11', published: '2026-11-27', sunset: '2027-11-27', migration: '' };
    expect(isExpired(version, today)).toBe(expected);
  });
});

describe('trusted documents', () => {
  const text = 'query Stock { stock }\n';
  const files = (change: Record<string, unknown> = {}, content = text) =>
    tree({
      'schema/trusted-documents/web-shop/manifest.json': JSON.stringify({
        client: 'web-shop',
        owner: 'shop',
        documents: [
          {
            sha256: documentHash(text),
            operation: 'Stock',
            file: 'Stock.graphql',
            contract: 'storefront',
            version: '2026-11',
            clientVersions: ['4.2.0'],
            registered: '2026-11-27',
          },
        ],
        ...change,
      }),
      'schema/trusted-documents/web-shop/Stock.graphql': content,
    });

  it('come with their text', () => {
    expect(readTrustedDocuments(files())).toEqual([
      expect.objectContaining({
        client: 'web-shop',
        owner: 'shop',
        operation: 'Stock',
        text,
        sha256: documentHash(text),
      }),
    ]);
  });

  it('are refused when the text was changed afterwards', () => {
    expect(() => readTrustedDocuments(files({}, `${text} `))).toThrow('was changed after it was registered');
  });

  it("are refused in another client's folder", () => {
    expect(() => readTrustedDocuments(files({ client: 'till' }))).toThrow('is of client till: move it to that folder');
  });

  it('hold every document of the contract, word for word, for the development client of its contract', () => {
    const registered = new Set(readTrustedDocuments(workingTree()).map(({ client, sha256 }) => `${client} ${sha256}`));
    const promised = contractOperations().map(({ contract, document }) => `dev-${contract} ${documentHash(document)}`);
    expect(promised.filter((entry) => !registered.has(entry))).toEqual([]);
    expect(promised).toHaveLength(41);
  });
});

describe('the registry of this project', () => {
  it('has an owner for every subgraph', () => {
    expect(new Set(readOwners(workingTree()).subgraphs)).toEqual(
      new Set(readSupergraphConfig().map(({ name }) => name)),
    );
  });

  it('has an owner for everybody who sends or reads events', () => {
    const owners = readOwners(workingTree());
    const parties = Object.values(declaredEvents()).flatMap(({ sender, readers }) => [sender, ...readers]);
    expect(parties.filter((party) => owners.of('', [party]).length !== 1)).toEqual([]);
  });

  it('has a published API schema for every contract of its current version', () => {
    const contracts = parseContracts(readFileSync(projectFile('schema', 'contracts.yaml'), 'utf8'));
    const newest = readVersions(workingTree()).at(-1)?.version;
    for (const { name, version } of contracts) {
      expect(version).toBe(newest);
      expect(workingTree().list(`schema/api/${name}`)).toContain(`${version}.graphql`);
    }
  });
});

it.each([
  [
    'approvals',
    () => readApprovals(tree({ 'schema/approvals.yaml': 'approvals: [{ id: nonsense }]' })),
    'schema/approvals.yaml is not what it should be',
  ],
  [
    'usage',
    () => readUsage(tree({ 'schema/usage.json': '{"recordedFrom": "yesterday"}' })),
    'schema/usage.json is not what it should be',
  ],
  [
    'owners',
    () => readOwners(tree({ 'schema/owners.yaml': 'teams: {}\nsubgraphs: { order: desk }' })),
    'desk is not listed under teams',
  ],
  ['owners that are missing', () => readOwners(tree({})), 'schema/owners.yaml is missing in the test.'],
  [
    'contracts',
    () => parseContracts('version: 2026-13\ncontracts: {}'),
    'schema/contracts.yaml is not what it should be',
  ],
  ['broken YAML', () => parseContracts('version: [', 'some.yaml'), 'some.yaml is not YAML'],
])('%s: a file that is wrong is named, with what is wrong', (_, read, message) => {
  expect(read).toThrow(message);
});

it('counts the age of usage in whole days', () => {
  const usage = {
    recordedFrom: '2026-11-01T00:00:00Z',
    recordedUntil: '2026-11-10T12:00:00Z',
    fields: [],
    operations: [],
  };
  expect(usageAgeDays(usage, new Date('2026-11-25T11:00:00Z'))).toBe(14);
});
