import type { ComposedGraph } from './api-schema.ts';
import type { ContractDefinition } from './contracts.ts';
import type { EventSchemas } from './event-schemas.ts';
import type { StateMachines } from './state-machines.ts';

/** Everything that clients and consumers rely on, in one state: what was published, or what is about to be. */
export interface Release {
  /** For messages, such as `publication 3 of 2026-11-27`. */
  readonly name: string;
  readonly graph: ComposedGraph;
  readonly contracts: readonly ContractDefinition[];
  readonly states: StateMachines;
  readonly events: EventSchemas;
}
