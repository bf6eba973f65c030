import { type ContractDefinition, parseContracts } from '../../registry/contracts.ts';
import { type RegistryFiles, readRequired } from '../../registry/files.ts';
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

/**
 * Reads what is published.
 * @param instead of the published contracts
 * @throws Error when a file is missing or not of its form
 */
export function readPublication(
  files: RegistryFiles,
  instead?: readonly ContractDefinition[] | undefined,
): Publication {
  const contracts = instead ?? parseContracts(readRequired(files, CONTRACTS_FILE));
  return { supergraphSdl: readRequired(files, SUPERGRAPH_FILE), contracts, former: readFormer(files, contracts) };
}

function readFormer(files: RegistryFiles, contracts: readonly ContractDefinition[]): FormerContract[] {
  const versions = readVersions(files);
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
