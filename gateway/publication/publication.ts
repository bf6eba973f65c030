import { type ContractDefinition, parseContracts } from '../../registry/contracts.ts';
import { type RegistryFiles, readRequired } from '../../registry/files.ts';
import { type Publication as Published, readHistory } from '../../registry/history.ts';
import { publishedContracts } from '../../registry/publication.ts';
import { type PublishedVersion, readPublishedSchema, readVersions } from '../../registry/versions.ts';

/** Everything that a registry says is to be served. */
export interface Publication {
  readonly supergraphSdl: string;
  /** The contracts in their newest version, cut out of the supergraph. */
  readonly contracts: readonly ContractDefinition[];
  /** The contracts in the versions before it, expired ones included: their clients are told what to do. */
  readonly former: readonly FormerContract[];
}

/** A contract as it was published in an earlier version. */
export interface FormerContract {
  readonly definition: ContractDefinition;
  readonly version: PublishedVersion;
  /** The version that came after it. */
  readonly successor: PublishedVersion | null;
  /** Its API schema of that time. */
  readonly schemaSdl: string;
}

export const SUPERGRAPH_FILE = 'schema/supergraph.graphql';
export const CONTRACTS_FILE = 'schema/contracts.yaml';

/** Reads what is published now. @throws Error when a file is missing or not of its form */
export type ReadPublication = () => Publication;

/**
 * Contracts and their version are those of the newest publication in schema/history: what was only written into
 * schema/contracts.yaml passed no check, and is not served. A registry in which nothing was published yet keeps those
 * that it has when this is called.
 * @param instead of the published contracts
 * @throws Error when nothing is published and the contracts are missing or not of their form
 */
export function publicationReader(
  files: RegistryFiles,
  instead?: readonly ContractDefinition[] | undefined,
): ReadPublication {
  const fixed = instead ?? (readHistory(files).length > 0 ? null : parseContracts(readRequired(files, CONTRACTS_FILE)));
  return () => {
    const history = instead ? [] : readHistory(files);
    const newest = history.at(-1);
    const contracts = newest ? publishedContracts(files, newest) : fixed;
    if (!contracts) throw new Error('the publications that were in schema/history are gone');
    const supergraphSdl = readRequired(files, SUPERGRAPH_FILE);
    return { supergraphSdl, contracts, former: readFormer(files, contracts, history) };
  };
}

/** The newest publication, when schema/contracts.yaml has other contracts than it: those are not served. */
export function unpublishedSince(files: RegistryFiles): number | null {
  const newest = readHistory(files).at(-1);
  const text = files.read(CONTRACTS_FILE);
  if (!newest || text === null) return null;
  try {
    const isSame = JSON.stringify(parseContracts(text)) === JSON.stringify(publishedContracts(files, newest));
    return isSame ? null : newest.number;
  } catch {
    return newest.number; // half-edited: it is not served either
  }
}

function readFormer(
  files: RegistryFiles,
  contracts: readonly ContractDefinition[],
  history: readonly Published[],
): FormerContract[] {
  // A version that no publication has had, and that only schema/versions.yaml names, is nothing to serve or to point to.
  const youngest = [...contracts, ...history].reduce(
    (latest, { version }) => (version > latest ? version : latest),
    '',
  );
  const versions = readVersions(files).filter(({ version }) => version <= youngest);
  return contracts.flatMap((newest) =>
    versions.flatMap((version, index) => {
      if (version.version === newest.version) return [];
      const schemaSdl = readPublishedSchema(files, newest.name, version.version);
      if (schemaSdl === null) return []; // the contract is younger
      const definition = { ...newest, version: version.version, path: `${newest.name}/${version.version}` };
      return [{ definition, version, successor: versions[index + 1] ?? null, schemaSdl }];
    }),
  );
}
