import { createHash } from 'node:crypto';
import type { GraphQLDataSource, ServiceMap } from '@apollo/gateway';
import { validateSchema } from 'graphql';
import type { Logger } from '../platform/logger.ts';
import { hiddenElements } from '../registry/contract-from-tags.ts';
import type { ContractDefinition } from '../registry/contracts.ts';
import type { AnswerCache } from './caching/answer-cache.ts';
import { readCacheRules } from './caching/cache-rules.ts';
import { ContractExecution, type SharedGraph } from './contract-execution.ts';
import { contractSchema } from './contract-schema.ts';
import type { SharedReads } from './data-sources/shared-reads.ts';
import type { ObserveExecution } from './execution/execute-plan.ts';
import { readCostRules } from './guards/cost-rules.ts';
import { LruCache } from './planning/lru-cache.ts';
import { assertServable, formerSchema } from './publication/former-schema.ts';
import type { FormerContract } from './publication/publication.ts';
import { readSupergraph } from './read-supergraph.ts';
import type { RecordUse } from './usage/recorder.ts';

/** A subgraph as the supergraph names it. */
export interface SubgraphAddress {
  readonly name: string;
  /** The routing URL of the supergraph; empty for a subgraph without a server. */
  readonly url: string;
}

export type DataSourceFactory = (subgraph: SubgraphAddress) => GraphQLDataSource;

/** A document that a client has registered. */
export interface KnownDocument {
  /** Name of the contract, e.g. storefront. */
  readonly contract: string;
  readonly text: string;
}

export interface SnapshotOptions {
  readonly contracts: readonly ContractDefinition[];
  /** Earlier versions; none when left out. */
  readonly former?: readonly FormerContract[];
  readonly dataSource: DataSourceFactory;
  /** Keeps what subgraphs answer. Without it nothing is kept. */
  readonly answerCache?: AnswerCache | undefined;
  /** Told what clients use. */
  readonly recordUse?: RecordUse;
  /** Default true. False leaves all plans to the executor of @apollo/gateway. */
  readonly compilePlans?: boolean;
  /** Told how each operation was executed. */
  readonly observeExecution?: ObserveExecution;
  /** What clients are known to send, by contract: planned before the snapshot is served. */
  readonly knownDocuments?: () => readonly KnownDocument[];
  /** The same as the data sources have. */
  readonly sharedReads?: SharedReads;
  readonly logger: Logger;
}

/** One supergraph with everything that is served from it. Immutable. */
export interface LoadedSnapshot {
  /** SHA-256 of the supergraph's text, in hex. */
  readonly id: string;
  /** By path. A contract in which nothing can be queried is not there. */
  readonly contracts: ReadonlyMap<string, ContractExecution>;
  /** A contract in an earlier version; made when it is asked for. */
  former(path: string): ContractExecution | undefined;
}

/** Earlier versions that are kept ready: each takes the memory of a contract's schema. Others are made again. */
const MAX_FORMER = 24;

export function supergraphId(supergraphSdl: string): string {
  return createHash('sha256').update(supergraphSdl).digest('hex');
}

/**
 * Builds all that is needed to serve a supergraph. Takes the time of one planner, whatever the number of contracts.
 * @throws Error when the text is not a supergraph that this gateway can serve
 */
export function loadSnapshot(supergraphSdl: string, options: SnapshotOptions): LoadedSnapshot {
  const id = supergraphId(supergraphSdl);
  const { document, supergraph, apiSchema, api, schema, planner } = readSupergraph(supergraphSdl);
  const cached = { id, schema, rules: readCacheRules(document) };
  const services: ServiceMap = {};
  for (const { name, url } of supergraph.subgraphsMetadata()) {
    const source = options.dataSource({ name, url: url ?? '' });
    services[name] = options.answerCache?.around(source, name, cached) ?? source;
  }
  const graph = {
    id,
    planner,
    schema,
    services,
    costRules: readCostRules(document),
    recordUse: options.recordUse,
    compilePlans: options.compilePlans ?? true,
    observeExecution: options.observeExecution,
    sharedReads: options.sharedReads,
    logger: options.logger,
  };
  for (const each of options.former ?? []) assertServable(each, api);
  const apiDocument = apiSchema.toAST();
  const contracts = new Map<string, ContractExecution>();
  for (const definition of options.contracts) {
    const schema = contractSchema(apiDocument, hiddenElements(document, definition.filter));
    if (!schema.graphql.getQueryType()) {
      options.logger.warn({ contract: definition.path }, 'the supergraph has no query for this contract');
      continue;
    }
    const [problem] = validateSchema(schema.graphql);
    if (problem) throw new Error(`contract ${definition.path}: ${problem.message}`);
    contracts.set(definition.path, new ContractExecution(definition, schema, graph));
  }
  for (const { contract, text } of options.knownDocuments?.() ?? [])
    for (const each of contracts.values()) if (each.name === contract) each.prepare(text);
  return { id, contracts, former: lazily(options.former ?? [], graph) };
}

function lazily(former: readonly FormerContract[], graph: SharedGraph): LoadedSnapshot['former'] {
  const byPath = new Map(former.map((each) => [each.definition.path, each]));
  const made = new LruCache<ContractExecution>(MAX_FORMER);
  return (path) => {
    const known = made.get(path);
    const contract = byPath.get(path);
    if (known || !contract) return known;
    const fresh = new ContractExecution(contract.definition, formerSchema(contract), graph);
    made.set(path, fresh);
    return fresh;
  };
}
