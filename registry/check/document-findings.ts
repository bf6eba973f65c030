import { validate } from 'graphql';
import { type Finding, finding } from './finding.ts';
import type { LiveContract } from './live-contract.ts';
import type { BlastRadius, LiveOperation } from './operations.ts';

/** Registered documents that the changed contract refuses although no other finding says so, or that it refused before. */
export function documentFindings(
  operations: ReadonlyMap<LiveContract, readonly LiveOperation[]>,
  radius: BlastRadius,
  found: readonly Finding[],
): Finding[] {
  const told = new Set(
    found.flatMap(({ severity, affected }) =>
      severity === 'breaking' ? affected.map(({ client, sha256, contract }) => `${client} ${sha256} ${contract}`) : [],
    ),
  );
  return [...operations].flatMap(([contract, own]) =>
    own
      .filter(
        ({ isValid, trusted }) =>
          !isValid && !told.has(`${trusted.client} ${trusted.sha256} ${contract.path}`) && contract.kind !== 'opened',
      )
      .map((operation) => {
        const { trusted, document, wasValid } = operation;
        const [problem] = validate(contract.after, document);
        return finding({
          category: 'documents',
          rule: wasValid ? 'DOCUMENT_BROKEN' : 'DOCUMENT_INVALID',
          severity: 'breaking',
          coordinate: `${trusted.client}/${trusted.operation}`,
          detail: trusted.sha256,
          message: `${trusted.operation} of ${trusted.client} is not valid against ${contract.path}: ${problem?.message ?? ''}`,
          reason: wasValid ? 'It worked until this change.' : 'It was registered, but the contract never took it.',
          advice: 'Keep what it asks for, or agree on a new document with its owner.',
          contracts: [contract.path],
          owners: [trusted.owner],
          affected: [radius.describe(operation, contract, true)],
        });
      }),
  );
}
