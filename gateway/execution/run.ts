import type { ServiceMap } from '@apollo/gateway';
import type { GatewayContext } from '../context.ts';
import type { SubgraphAnswer } from '../data-sources/subgraph-answer.ts';

/** An object that a subgraph sent. It belongs to the run: others are merged into it. */
export type Entity = Record<string, unknown>;

/** One execution of a compiled operation. */
export interface Run {
  /** What was fetched so far, by response name, as the subgraphs see the operation. Nothing when the run is over. */
  data: Entity;
  /** As the client sent them. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: GatewayContext;
  readonly services: ServiceMap;
  readonly errors: Error[];
  /** Answers to requests that several fetches of the plan may make, by request. */
  readonly shared: Map<string, Promise<SubgraphAnswer>>;
  /** False as soon as a fetch brought less than everything: then `data` does not tell what was asked for. */
  isComplete: boolean;
}

/** A compiled node of a plan. Never rejects for what a subgraph did: that is an error of the run. */
export type Step = (run: Run) => Promise<void>;
