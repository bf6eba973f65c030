import { createHash } from 'node:crypto';
import type {
  GatewayExecutor,
  GatewayInterface,
  GatewaySchemaLoadOrUpdateCallback,
} from '@apollo/server-gateway-interface';
import type { GraphQLSchema } from 'graphql';
import { type Clock, systemClock } from '../platform/clock.ts';
import { isExpired } from '../registry/versions.ts';
import type { GatewayContext } from './context.ts';
import type { ContractExecution } from './contract-execution.ts';
import { type LoadedSnapshot, loadSnapshot, type SnapshotOptions } from './load-snapshot.ts';
import type { FormerContract, Publication } from './publication/publication.ts';
import type { ContractSnapshot } from './snapshot.ts';

/** What happened to a supergraph that was handed in. */
export type ReloadOutcome =
  | { readonly kind: 'loaded'; readonly supergraphId: string }
  | { readonly kind: 'unchanged'; readonly supergraphId: string }
  /** The former supergraph keeps serving. The reason is for operators, not for clients. */
  | { readonly kind: 'rejected'; readonly reason: string };

/** The supergraph that is being served, and the way to replace it. */
export interface GatewayRuntime {
  /** SHA-256 of the supergraph that new requests are served from, in hex. */
  readonly supergraphId: string;
  /** @param contractPath `<name>/<version>`, or `<name>` for the current version */
  snapshotFor(contractPath: string): ContractSnapshot | undefined;
  /**
   * Called after each reload, when every contract already answers from the new supergraph: `snapshotFor` finds it.
   * @returns stops listening
   */
  onSwap(listener: () => void): () => void;
  /** An earlier version that was published, expired or not. Null for the newest, and for what never was. */
  formerVersion(contractPath: string): FormerContract | null;
  /** Paths of the versions of a contract that are served today, the newest first. Empty: there is no such contract. */
  servedVersions(name: string): readonly string[];
  /** Whether the newest publication is served. False after one was rejected: the former keeps serving. */
  readonly isCurrent: boolean;
  /**
   * Replaces all contracts at once. Requests in flight finish on what they started with.
   * @param next reads a publication, or is a supergraph for the contracts that are served now
   */
  reload(next: (() => Publication) | string): ReloadOutcome;
}

/**
 * Serves one supergraph to many Apollo Servers, one for each contract.
 *
 * Apollo Server validates a request against the schema it has at that moment, and asks the executor later, when the
 * supergraph may already be another. The schema object leads back to the snapshot it came from, so a request is
 * executed by what validated it. (@apollo/gateway takes the newest, and fails a request caught in between.)
 */
export class FederationRuntime implements GatewayRuntime {
  readonly #options: SnapshotOptions & { readonly clock?: Clock };
  readonly #bySchema = new WeakMap<GraphQLSchema, ContractExecution>();
  readonly #swapListeners = new Set<() => void>();
  readonly #servers = new Map<string, Set<GatewaySchemaLoadOrUpdateCallback>>();
  #current: LoadedSnapshot;
  #published: Publication;
  #publicationId: string;
  #isCurrent = true;

  /** @throws Error when the first supergraph cannot be served: there is nothing to fall back to */
  constructor(supergraphSdl: string, options: SnapshotOptions & { readonly clock?: Clock }) {
    this.#options = options;
    this.#published = { supergraphSdl, contracts: options.contracts, former: options.former ?? [] };
    this.#publicationId = publicationId(this.#published);
    this.#current = this.#load(this.#published);
  }

  get supergraphId(): string {
    return this.#current.id;
  }

  /** Paths of the contracts that are served now. */
  get contractPaths(): string[] {
    return [...this.#current.contracts.keys()];
  }

  snapshotFor(contractPath: string): ContractExecution | undefined {
    const newest = this.#current.contracts;
    const found = newest.get(contractPath) ?? newest.get(this.#currentVersion(contractPath));
    if (found) return found;
    const former = this.formerVersion(contractPath);
    if (!former || isExpired(former.version, this.#today())) return undefined;
    const contract = this.#current.former(contractPath);
    if (contract) this.#bySchema.set(contract.schema, contract);
    return contract;
  }

  formerVersion(contractPath: string): FormerContract | null {
    return this.#published.former.find(({ definition }) => definition.path === contractPath) ?? null;
  }

  servedVersions(name: string): readonly string[] {
    const former = this.#published.former
      .filter(({ definition, version }) => definition.name === name && !isExpired(version, this.#today()))
      .map(({ definition }) => definition.path);
    const newest = this.#currentVersion(name);
    return this.#current.contracts.has(newest) ? [newest, ...former.reverse()] : [];
  }

  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  onSwap(listener: () => void): () => void {
    this.#swapListeners.add(listener);
    return () => this.#swapListeners.delete(listener);
  }

  reload(next: (() => Publication) | string): ReloadOutcome {
    const { logger } = this.#options;
    try {
      const publication = typeof next === 'string' ? { ...this.#published, supergraphSdl: next } : next();
      const id = publicationId(publication);
      if (id === this.#publicationId) {
        this.#isCurrent = true;
        return { kind: 'unchanged', supergraphId: this.#current.id };
      }
      this.#current = this.#load(publication);
      this.#published = publication;
      this.#publicationId = id;
      this.#isCurrent = true;
    } catch (error) {
      this.#isCurrent = false;
      const reason = error instanceof Error ? error.message : String(error);
      logger.error({ reason, serving: this.#current.id }, 'supergraph rejected, the former one keeps serving');
      return { kind: 'rejected', reason };
    }
    // No await from here to the end: no request can see one contract swapped and another not yet.
    for (const [path, listeners] of this.#servers) for (const listener of listeners) this.#tell(path, listener);
    logger.info({ supergraph: this.#current.id }, 'supergraph loaded');
    for (const listener of this.#swapListeners) {
      try {
        listener();
      } catch (error) {
        logger.error({ err: { type: error instanceof Error ? error.name : typeof error } }, 'a swap listener failed');
      }
    }
    return { kind: 'loaded', supergraphId: this.#current.id };
  }

  /** What the Apollo Server of one contract takes for its gateway. */
  gatewayFor(contractPath: string): GatewayInterface {
    const listeners = this.#servers.get(contractPath) ?? new Set();
    this.#servers.set(contractPath, listeners);
    return {
      onSchemaLoadOrUpdate: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      load: async () => {
        for (const listener of listeners) this.#tell(contractPath, listener);
        return { executor: this.#executor };
      },
      stop: async () => undefined,
    };
  }

  readonly #executor: GatewayExecutor = async (request) => {
    const contract = this.#bySchema.get(request.schema);
    if (!contract) throw new Error('a request was validated against a schema that is not of this runtime');
    return contract.answer(request.document, request.request, request.context as GatewayContext);
  };

  #load({ supergraphSdl, contracts, former }: Publication): LoadedSnapshot {
    const snapshot = loadSnapshot(supergraphSdl, { ...this.#options, contracts, former });
    if (snapshot.contracts.size === 0) throw new Error('the supergraph has nothing to query in any contract');
    for (const contract of snapshot.contracts.values()) this.#bySchema.set(contract.schema, contract);
    return snapshot;
  }

  #tell(contractPath: string, listener: GatewaySchemaLoadOrUpdateCallback): void {
    const contract = this.snapshotFor(contractPath);
    // A contract that the new supergraph does not serve: the router answers 404, its server keeps what it had.
    if (contract) listener({ apiSchema: contract.schema, coreSupergraphSdl: this.#published.supergraphSdl });
  }

  #today(): string {
    return (this.#options.clock ?? systemClock).now().toISOString().slice(0, 10);
  }

  #currentVersion(name: string): string {
    return this.#published.contracts.find((contract) => contract.name === name)?.path ?? name;
  }
}

function publicationId({ supergraphSdl, contracts, former }: Publication): string {
  return createHash('sha256')
    .update(JSON.stringify([supergraphSdl, contracts, former]))
    .digest('hex');
}
