import { type Operation, operationFromDocument, type Schema, type Supergraph } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { type DocumentNode, GraphQLError, getOperationAST, print } from 'graphql';
import { guardAliases } from './alias-guard.ts';
import { LruCache } from './lru-cache.ts';
import type { OperationPlan } from './operation-plan.ts';

/** Name under which the plan of a subscription asks for the event itself. Pass a data source of this name. */
export const EVENT_SERVICE = '$event';

/** Plans kept per supergraph, and the characters of their documents: a plan takes some hundred times its document. */
const MAX_PLANS = 1_000;
const MAX_DOCUMENT_CHARACTERS = 4_000_000;

/** Plans operations on the whole graph. One serves every contract: what a contract hides, plans may still use inside. */
export class OperationPlanner {
  readonly #planner: QueryPlanner;
  readonly #apiSchema: Schema;
  readonly #plannedNames: ReadonlySet<string>;
  readonly #plans = new LruCache<OperationPlan>(MAX_PLANS, MAX_DOCUMENT_CHARACTERS);
  // Documents come out of Apollo Server's store: the same object for the same text. Hashing or printing each time would
  // cost more than the look-up.
  readonly #texts = new WeakMap<DocumentNode, string>();

  /** @param apiSchema of the whole graph */
  constructor(supergraph: Supergraph, apiSchema: Schema, plannedNames: ReadonlySet<string>) {
    this.#planner = new QueryPlanner(supergraph);
    this.#apiSchema = apiSchema;
    this.#plannedNames = plannedNames;
  }

  /** @throws GraphQLError when there is no such operation, or when it is a subscription */
  planOperation(document: DocumentNode, operationName: string | undefined): OperationPlan {
    return this.#cached('operation', document, operationName, (operation) => {
      if (operation.rootKind === 'subscription') {
        throw refusal(
          'Subscriptions are served over WebSocket (graphql-transport-ws), text/event-stream or multipart/mixed.',
        );
      }
      return this.#planner.buildQueryPlan(operation);
    });
  }

  /** @throws GraphQLError when there is no such operation, or when it is not a subscription */
  planSubscription(document: DocumentNode, operationName: string | undefined): OperationPlan {
    return this.#cached('subscription', document, operationName, (operation) => {
      const { node } = this.#planner.buildQueryPlan(operation);
      if (node?.kind !== 'Subscription') throw refusal('The operation is not a subscription.');
      const event = { ...node.primary, serviceName: EVENT_SERVICE };
      return { kind: 'QueryPlan', node: { kind: 'Sequence', nodes: node.rest ? [event, node.rest] : [event] } };
    });
  }

  #cached(
    kind: string,
    document: DocumentNode,
    operationName: string | undefined,
    build: (operation: Operation) => QueryPlan,
  ): OperationPlan {
    const key = `${kind} ${operationName ?? ''} ${this.#text(document)}`;
    const known = this.#plans.get(key);
    if (known) return known;
    assertOperation(document, operationName);
    const guarded = guardAliases(document, this.#plannedNames);
    const options = operationName === undefined ? {} : { operationName };
    const queryPlan = build(operationFromDocument(this.#apiSchema, guarded.document, options));
    const plan = { queryPlan, document: guarded.document, renames: guarded.renames };
    this.#plans.set(key, plan);
    return plan;
  }

  #text(document: DocumentNode): string {
    const known = this.#texts.get(document);
    if (known !== undefined) return known;
    const text = document.loc?.source.body ?? print(document);
    this.#texts.set(document, text);
    return text;
  }
}

function assertOperation(document: DocumentNode, operationName: string | undefined): void {
  if (getOperationAST(document, operationName)) return;
  const message =
    operationName === undefined
      ? 'Must provide operation name if query contains multiple operations.'
      : `Unknown operation named "${operationName}".`;
  throw refusal(message, 'OPERATION_RESOLUTION_FAILURE');
}

function refusal(message: string, code = 'BAD_USER_INPUT'): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}
