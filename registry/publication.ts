import { gunzipSync, gzipSync } from 'node:zlib';
import { contractApi, readComposed } from './api-schema.ts';
import { changelog } from './changelog.ts';
import { type ContractDefinition, parseContracts } from './contracts.ts';
import { RegistryError, RegistryRefusal } from './errors.ts';
import { EVENTS_FILE, parseEvents } from './event-schemas.ts';
import type { RegistryFiles } from './files.ts';
import {
  contentFile,
  contentHash,
  HISTORY_FILE,
  type Publication,
  type PublishedChange,
  type RollbackApproval,
} from './history.ts';
import type { Release } from './release.ts';
import { parseStates, STATES_FILE } from './state-machines.ts';
import { publishedSchemaFile } from './versions.ts';
import type { FileChange } from './write-files.ts';

/** Publications whose texts are kept; of older ones only what they changed. One takes some 25 kB. */
export const PUBLICATIONS_KEPT = 20;

/** The texts that a publication is made of. Everything else that is published follows from them. */
export interface PublicationSources {
  readonly supergraph: string;
  readonly contracts: string;
  readonly states: string;
  readonly events: string;
}

export interface NewPublication {
  readonly sources: PublicationSources;
  readonly changes: readonly PublishedChange[];
  readonly message: string;
  readonly at: Date;
  readonly rollbackTo?: number;
  readonly approval?: RollbackApproval | undefined;
}

/** JSON as the registry writes it, so that a diff shows one fact per line. */
export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** @returns every file that publishing writes, what the gateway reads last */
export function publicationFiles(history: readonly Publication[], publication: NewPublication): FileChange[] {
  const { sources, changes, message, at, rollbackTo, approval } = publication;
  const contracts = parseContracts(sources.contracts);
  const graph = readComposed(sources.supergraph);
  const next: Publication = {
    number: (history.at(-1)?.number ?? 0) + 1,
    publishedAt: at.toISOString(),
    version: contracts[0]?.version ?? '',
    message,
    sources: {
      supergraph: contentHash(sources.supergraph),
      contracts: contentHash(sources.contracts),
      states: contentHash(sources.states),
      events: contentHash(sources.events),
    },
    changes: [...changes],
    rollbackTo: rollbackTo ?? null,
    ...(approval ? { approval } : {}),
  };
  const publications = [...history, next];
  return [
    ...Object.values(sources).map((text: string) => ({
      path: contentFile(contentHash(text)),
      content: gzipSync(text, { level: 9 }),
    })),
    ...forgotten(publications).map((path) => ({ path, content: null })),
    { path: HISTORY_FILE, content: json({ publications }) },
    { path: 'schema/changelog.md', content: changelog(publications) },
    { path: STATES_FILE, content: sources.states },
    { path: EVENTS_FILE, content: sources.events },
    ...contracts.map(({ name, version, filter }) => ({
      path: publishedSchemaFile(name, version),
      content: contractApi(graph, filter),
    })),
    { path: 'schema/contracts.yaml', content: sources.contracts },
    { path: 'schema/supergraph.graphql', content: sources.supergraph },
  ];
}

function forgotten(publications: readonly Publication[]): string[] {
  const files = (some: readonly Publication[]) =>
    some.flatMap(({ sources }) => Object.values(sources).map(contentFile));
  const kept = new Set(files(publications.slice(-PUBLICATIONS_KEPT)));
  return [...new Set(files(publications.slice(0, -PUBLICATIONS_KEPT)))].filter((path) => !kept.has(path));
}

function keptText(files: RegistryFiles, { number }: Publication, sha256: string): string {
  const bytes = files.readBytes(contentFile(sha256));
  if (!bytes)
    throw new RegistryError(
      `Publication ${number} cannot be read: ${contentFile(sha256)} is missing. The texts of the last ${PUBLICATIONS_KEPT} are kept; older ones are in git.`,
    );
  const damaged = new RegistryError(`${contentFile(sha256)} is damaged: restore it from git.`);
  let content: string;
  try {
    content = gunzipSync(bytes).toString('utf8');
  } catch {
    throw damaged;
  }
  if (contentHash(content) !== sha256) throw damaged;
  return content;
}

/** The contracts and their version as the newest publication has them. @throws RegistryError as {@link publicationSources} */
export function publishedContracts(files: RegistryFiles, newest: Publication): ContractDefinition[] {
  return parseContracts(keptText(files, newest, newest.sources.contracts));
}

/** @throws RegistryError when its texts are not kept any more, or were damaged */
export function publicationSources(files: RegistryFiles, publication: Publication): PublicationSources {
  const text = (sha256: string) => keptText(files, publication, sha256);
  const { supergraph, contracts, states, events } = publication.sources;
  return { supergraph: text(supergraph), contracts: text(contracts), states: text(states), events: text(events) };
}

/** What was published, ready to be compared. @throws RegistryError as {@link publicationSources} */
export function readPublication(files: RegistryFiles, publication: Publication): Release {
  const { supergraph, contracts, states, events } = publicationSources(files, publication);
  return {
    name: `publication ${publication.number} of ${publication.publishedAt.slice(0, 10)}`,
    graph: readComposed(supergraph),
    contracts: parseContracts(contracts),
    states: parseStates(states),
    events: parseEvents(events),
  };
}

/** @throws RegistryRefusal when there is no such publication */
export function publicationOf(history: readonly Publication[], number: number): Publication {
  const found = history.find((publication) => publication.number === number);
  if (!found) {
    const known = history.map((publication) => publication.number);
    throw new RegistryRefusal(`There is no publication ${number}; there is ${known.join(', ') || 'none'}.`);
  }
  return found;
}
