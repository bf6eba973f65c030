import type {
  GatewayExecutor,
  GatewayInterface,
  GatewaySchemaLoadOrUpdateCallback,
} from '@apollo/server-gateway-interface';
import type { GraphQLSchema } from 'graphql';
import type { GatewayContext } from './context.ts';
import type { ContractExecution } from './contract-execution.ts';
import { type LoadedSnapshot, loadSnapshot, type SnapshotOptions, supergraphId } from './load-snapshot.ts';
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
  /** Replaces all contracts at once. Requests in flight finish on what they started with. */
  reload(supergraphSdl: string): ReloadOutcome;
}

/**
 * Serves one supergraph to many Apollo Servers, one for each contract.
 *
 * Apollo Server validates a request against the schema it has at that moment, and asks the executor later, when the
 * supergraph may already be another. The schema object leads back to the snapshot it came from, so a request is
 * executed by what validated it. (@apollo/gateway takes the newest, and fails a request caught in between.)
 */
export class FederationRuntime implements GatewayRuntime {
  readonly #options: SnapshotOptions;
  readonly #bySchema = new WeakMap<GraphQLSchema, ContractExecution>();
  readonly #swapListeners = new Set<() => void>();
  readonly #servers = new Map<string, Set<GatewaySchemaLoadOrUpdateCallback>>();
  #current: LoadedSnapshot;
  #supergraphSdl: string;

  /** @throws Error when the first supergraph cannot be served: there is nothing to fall back to */
  constructor(supergraphSdl: string, options: SnapshotOptions) {
    this.#options = options;
    this.#supergraphSdl = supergraphSdl;
    this.#current = this.#load(supergraphSdl);
  }

  get supergraphId(): string {
    return this.#current.id;
  }

  /** Paths of the contracts that are served now. */
  get contractPaths(): string[] {
    return [...this.#current.contracts.keys()];
  }

  snapshotFor(contractPath: string): ContractExecution | undefined {
    return this.#current.contracts.get(contractPath) ?? this.#current.contracts.get(this.#currentVersion(contractPath));
  }

  onSwap(listener: () => void): () => void {
    this.#swapListeners.add(listener);
    return () => this.#swapListeners.delete(listener);
  }

  reload(supergraphSdl: string): ReloadOutcome {
    const { logger } = this.#options;
    if (supergraphId(supergraphSdl) === this.#current.id) {
      return { kind: 'unchanged', supergraphId: this.#current.id };
    }
    try {
      this.#current = this.#load(supergraphSdl);
      this.#supergraphSdl = supergraphSdl;
    } catch (error) {
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

  #load(supergraphSdl: string): LoadedSnapshot {
    const snapshot = loadSnapshot(supergraphSdl, this.#options);
    if (snapshot.contracts.size === 0) throw new Error('the supergraph has nothing to query in any contract');
    for (const contract of snapshot.contracts.values()) this.#bySchema.set(contract.schema, contract);
    return snapshot;
  }

  #tell(contractPath: string, listener: GatewaySchemaLoadOrUpdateCallback): void {
    const contract = this.#current.contracts.get(contractPath);
    // A contract that the new supergraph does not serve: the router answers 404, its server keeps what it had.
    if (contract) listener({ apiSchema: contract.schema, coreSupergraphSdl: this.#supergraphSdl });
  }

  #currentVersion(name: string): string {
    return this.#options.contracts.find((contract) => contract.name === name)?.path ?? name;
  }
}
