import { type DocumentNode, parse, validate } from 'graphql';
import type { ChangeKind } from '../changes/rules.ts';
import type { Owners } from '../owners.ts';
import type { TrustedDocument } from '../trusted-documents.ts';
import type { UsageSnapshot } from '../usage.ts';
import type { ContractChange } from './contract-changes.ts';
import type { Affected, Suggestion } from './finding.ts';
import { withoutArgument } from './graph-places.ts';
import type { LiveContract } from './live-contract.ts';
import { suggestDocument } from './suggest-document.ts';
import { touchedElements } from './touched.ts';

/** A registered document in one contract version, with what it depends on there. */
export interface LiveOperation {
  readonly trusted: TrustedDocument;
  readonly document: DocumentNode;
  readonly touched: ReadonlySet<string>;
  /** Whether it is valid before and after the change. */
  readonly wasValid: boolean;
  readonly isValid: boolean;
}

/** The registered documents of a contract version. */
export function liveOperations(contract: LiveContract, documents: readonly TrustedDocument[]): LiveOperation[] {
  return documents
    .filter(
      (trusted) =>
        trusted.contract === contract.name && (trusted.version === contract.version || contract.kind === 'opened'),
    )
    .map((trusted) => {
      const document = parse(trusted.text);
      return {
        trusted,
        document,
        touched: touchedElements(document, contract.before),
        wasValid: validate(contract.before, document).length === 0,
        isValid: validate(contract.after, document).length === 0,
      };
    });
}

/** Kinds that only concern documents which leave something out, so a document that is still valid is not concerned. */
const ONLY_WHEN_INVALID: ReadonlySet<ChangeKind> = new Set(['REQUIRED_ARGUMENT_ADDED', 'ARGUMENT_BECAME_REQUIRED']);
const CLIENTS_BRANCH_ON_TYPE: ReadonlySet<ChangeKind> = new Set([
  'ENUM_VALUE_REMOVED',
  'ENUM_VALUE_ADDED',
  'REQUIRED_INPUT_FIELD_ADDED',
  'INPUT_FIELD_REMOVED',
  'INPUT_FIELD_TYPE_CHANGED',
  'INPUT_FIELD_BECAME_REQUIRED',
  'INPUT_FIELD_DEFAULT_CHANGED',
]);

/** Whether a change concerns whoever sends the document. Additions that nobody asks for concern no one. */
export function concerns(change: ContractChange, operation: LiveOperation): boolean {
  const { kind, coordinate, detail } = change;
  const { touched, isValid } = operation;
  const type = coordinate.split('.')[0] ?? '';
  if (ONLY_WHEN_INVALID.has(kind)) return !isValid && touched.has(withoutArgument(coordinate));
  if (kind === 'ARGUMENT_DEFAULT_CHANGED') return touched.has(withoutArgument(coordinate)) && !touched.has(coordinate);
  if (kind === 'INTERFACE_ADDED') return touched.has(detail);
  if (kind === 'INTERFACE_REMOVED') return touched.has(detail) || touched.has(coordinate);
  if (CLIENTS_BRANCH_ON_TYPE.has(kind)) return touched.has(type);
  if (change.severity === 'safe' && kind !== 'DEPRECATED') return false;
  return touched.has(coordinate);
}

/** Finds who is concerned by a change. */
export class BlastRadius {
  readonly #operations = new Map<LiveContract, readonly LiveOperation[]>();
  readonly #suggestions = new Map<LiveOperation, Suggestion | null>();
  readonly #usage: UsageSnapshot | null;
  readonly #owners: Owners;
  readonly #breaking: readonly ContractChange[];

  constructor(
    operations: ReadonlyMap<LiveContract, readonly LiveOperation[]>,
    changes: readonly ContractChange[],
    usage: UsageSnapshot | null,
    owners: Owners,
  ) {
    for (const [contract, own] of operations) this.#operations.set(contract, own);
    this.#breaking = changes.filter(({ severity }) => severity === 'breaking');
    this.#usage = usage;
    this.#owners = owners;
  }

  /** Registered operations first, then clients that recorded usage has seen without one. */
  of(change: ContractChange): Affected[] {
    const registered = (this.#operations.get(change.contract) ?? [])
      .filter((operation) => concerns(change, operation))
      .map((operation) => this.describe(operation, change.contract, change.severity === 'breaking'));
    const known = new Set(registered.map(({ client }) => client));
    return [...registered, ...this.#unregistered(change).filter(({ client }) => !known.has(client))];
  }

  describe({ trusted, ...operation }: LiveOperation, contract: LiveContract, suggest: boolean): Affected {
    const seen = this.#usage?.operations.filter(
      ({ sha256, client }) => sha256 === trusted.sha256 && client === trusted.client,
    );
    return {
      client: trusted.client,
      clientVersions: trusted.clientVersions,
      operation: trusted.operation,
      sha256: trusted.sha256,
      contract: contract.path,
      owner: trusted.owner,
      contact: this.#owners.contact(trusted.owner) ?? null,
      lastSeen:
        seen
          ?.map(({ lastSeen }) => lastSeen)
          .sort()
          .at(-1) ?? null,
      count: seen?.reduce((sum, { count }) => sum + count, 0) ?? null,
      suggestion: suggest ? this.#suggestion({ trusted, ...operation }, contract) : null,
    };
  }

  #suggestion(operation: LiveOperation, contract: LiveContract): Suggestion | null {
    const known = this.#suggestions.get(operation);
    if (known !== undefined) return known;
    const changes = this.#breaking.filter((change) => change.contract === contract && concerns(change, operation));
    const suggestion = operation.isValid ? null : suggestDocument(operation.document, changes, contract);
    this.#suggestions.set(operation, suggestion);
    return suggestion;
  }

  #unregistered({ coordinate, contract, severity, kind }: ContractChange): Affected[] {
    if (severity === 'safe' && kind !== 'DEPRECATED') return [];
    const fields = this.#usage?.fields.filter(
      (entry) =>
        entry.coordinate === withoutArgument(coordinate) && `${entry.contract}/${entry.version}` === contract.path,
    );
    return (fields ?? []).map(({ client, clientVersion, lastSeen, count }) => ({
      client,
      clientVersions: clientVersion === '' ? [] : [clientVersion],
      operation: null,
      sha256: null,
      contract: contract.path,
      owner: null,
      contact: null,
      lastSeen,
      count,
      suggestion: null,
    }));
  }
}
