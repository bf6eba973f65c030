import type { Logger } from '../../platform/logger.ts';
import type { ContractDefinition, DocumentMode } from '../../registry/contracts.ts';
import type { TrustedDocument } from '../../registry/trusted-documents.ts';
import type { RegisteredDocuments } from './registered-documents.ts';

/** What the registry says at one time. */
export interface DocumentPublication {
  readonly contracts: readonly Pick<ContractDefinition, 'name' | 'documents'>[];
  readonly documents: readonly TrustedDocument[];
}

/** The registered documents of the newest publication that could be read. */
export class PublishedDocuments implements RegisteredDocuments {
  readonly #logger: Logger;
  #modes: ReadonlyMap<string, DocumentMode> = new Map();
  #texts: ReadonlyMap<string, string> = new Map();

  /** @throws RegistryError when the first publication cannot be read: there is nothing to fall back to */
  constructor(read: () => DocumentPublication, logger: Logger) {
    this.#logger = logger;
    this.#take(read());
  }

  /** Takes the next publication, or keeps the former one when it cannot be read. */
  reload(read: () => DocumentPublication): void {
    try {
      this.#take(read());
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'not an error';
      this.#logger.error({ reason }, 'registered documents rejected, the former ones keep being served');
    }
  }

  modeOf(contract: string): DocumentMode {
    return this.#modes.get(contract) ?? 'open';
  }

  find(contract: string, clientId: string, sha256: string): string | null {
    return this.#texts.get(keyOf(contract, clientId, sha256)) ?? null;
  }

  #take({ contracts, documents }: DocumentPublication): void {
    this.#modes = new Map(contracts.map(({ name, documents: mode }) => [name, mode]));
    this.#texts = new Map(
      documents.map(({ contract, client, sha256, text }) => [keyOf(contract, client, sha256), text]),
    );
  }
}

/** The client is part of the key: what another client has registered is as unknown as what nobody has. */
function keyOf(contract: string, clientId: string, sha256: string): string {
  return JSON.stringify([contract, clientId, sha256]);
}
