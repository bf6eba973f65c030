import { readComposed } from '../../registry/api-schema.ts';
import { type Composition, composeSupergraph } from '../../registry/compose.ts';
import { parseContracts } from '../../registry/contracts.ts';
import { declaredEvents } from '../../registry/event-schemas.ts';
import { readRequired, workingTree } from '../../registry/files.ts';
import { json, type PublicationSources } from '../../registry/publication.ts';
import type { Release } from '../../registry/release.ts';
import { declaredStates } from './state-machines.ts';

export type WorkingRelease =
  | { readonly kind: 'failed'; readonly composition: Extract<Composition, { kind: 'failed' }> }
  | {
      readonly kind: 'composed';
      readonly release: Release;
      readonly sources: PublicationSources;
      readonly hints: readonly string[];
    };

/** What the sources in the working tree amount to. @throws RegistryError when schema/contracts.yaml is wrong */
export function workingRelease(): WorkingRelease {
  const composition = composeSupergraph();
  if (composition.kind === 'failed') return { kind: 'failed', composition };
  const contracts = readRequired(workingTree(), 'schema/contracts.yaml');
  const events = declaredEvents();
  return {
    kind: 'composed',
    hints: composition.hints,
    sources: { supergraph: composition.supergraphSdl, contracts, states: json(declaredStates), events: json(events) },
    release: {
      name: 'the working tree',
      graph: readComposed(composition.supergraphSdl),
      contracts: parseContracts(contracts),
      states: declaredStates,
      events,
    },
  };
}
