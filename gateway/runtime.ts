import type { ContractSnapshot } from './snapshot.ts';

/** What happened to a supergraph that was handed in. */
export type ReloadOutcome =
  | { readonly kind: 'loaded'; readonly supergraphId: string }
  | { readonly kind: 'unchanged'; readonly supergraphId: string }
  /** The former supergraph keeps serving. The reason is for operators, not for clients. */
  | { readonly kind: 'rejected'; readonly reason: string };

/** The supergraph that is being served, and the way to replace it. */
export interface GatewayRuntime {
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
