import { type Operation, operationFromDocument, type Schema, type Supergraph } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  print,
  separateOperations,
} from 'graphql';
import { type GuardedField, guardedFields } from '../access-rules/guarded-fields.ts';
import type { Rules } from '../access-rules/read-rules.ts';
import { restrictDocument } from '../access-rules/restricted-document.ts';
import { guardAliases } from './alias-guard.ts';
import { LruCache } from './lru-cache.ts';
import type { OperationPlan } from './operation-plan.ts';

/** Name under which the plan of a subscription asks for the event itself. Pass a data source of this name. */
export const EVENT_SERVICE = '$event';

/** Plans kept per supergraph, and the characters of their documents: a plan takes some hundred times its document. */
const MAX_PLANS = 1_000;
const MAX_DOCUMENT_CHARACTERS = 4_000_000;

/** Restricted variants kept of one plan: callers of one contract have few different sets of rights. */
const MAX_VARIANTS = 16;

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** What the planner knows of access rules. */
export interface GuardedGraph {
  readonly rules: Rules;
  /** The API schema of the whole graph. */
  readonly schema: GraphQLSchema;
}

/** Plans operations on the whole graph. One serves every contract: what a contract hides, plans may still use inside. */
export class OperationPlanner {
  readonly #planner: QueryPlanner;
  readonly #apiSchema: Schema;
  readonly #plannedNames: ReadonlySet<string>;
  readonly #guarded: GuardedGraph;
  readonly #variants = new WeakMap<OperationPlan, LruCache<OperationPlan>>();
  readonly #plans = new LruCache<OperationPlan>(MAX_PLANS, MAX_DOCUMENT_CHARACTERS);
  // Documents come out of Apollo Server's store: the same object for the same text. Hashing or printing each time would
  // cost more than the look-up.
  readonly #texts = new WeakMap<DocumentNode, string>();

  /** @param apiSchema of the whole graph */
  constructor(supergraph: Supergraph, apiSchema: Schema, plannedNames: ReadonlySet<string>, guarded: GuardedGraph) {
    this.#planner = new QueryPlanner(supergraph);
    this.#apiSchema = apiSchema;
    this.#plannedNames = plannedNames;
    this.#guarded = guarded;
  }

  /** @throws GraphQLError when there is no such operation, or when it is a subscription */
  planOperation(document: DocumentNode, operationName: string | undefined): OperationPlan {
    return this.#cached('operation', document, operationName);
  }

  /** @throws GraphQLError when there is no such operation, or when it is not a subscription */
  planSubscription(document: DocumentNode, operationName: string | undefined): OperationPlan {
    return this.#cached('subscription', document, operationName);
  }

  /** The plan without some of its guarded fields: they are not fetched, and null in the answer. */
  restrict(plan: OperationPlan, denied: readonly GuardedField[]): OperationPlan {
    const variants = this.#variants.get(plan) ?? new LruCache<OperationPlan>(MAX_VARIANTS);
    this.#variants.set(plan, variants);
    const key = denied.map(({ coordinate }) => coordinate).join(' ');
    const known = variants.get(key);
    if (known) return known;
    const byCoordinate = new Map(denied.map((field) => [field.coordinate, field]));
    const restricted = restrictDocument(plan.document, this.#guarded.schema, new Set(byCoordinate.keys()));
    const renames = new Map(plan.renames);
    for (const [name, given] of restricted.renames) renames.set(name, plan.renames.get(given) ?? given);
    const fieldsNamed = (coordinates: readonly string[]) => coordinates.flatMap((at) => byCoordinate.get(at) ?? []);
    const variant: OperationPlan = {
      ...plan,
      queryPlan: this.#build(plan.kind, restricted.planned, plan.operationName),
      document: restricted.shaped,
      renames,
      denied: new Map([...restricted.coordinates].map(([name, coordinates]) => [name, fieldsNamed(coordinates)])),
    };
    variants.set(key, variant);
    return variant;
  }

  #cached(kind: OperationPlan['kind'], document: DocumentNode, operationName: string | undefined): OperationPlan {
    const key = `${kind} ${operationName ?? ''} ${this.#text(document)}`;
    const known = this.#plans.get(key);
    if (known) return known;
    assertOperation(document, operationName);
    const { document: planned, renames } = guardAliases(document, this.#plannedNames);
    const { rules, schema } = this.#guarded;
    const alone = separateOperations(planned)[operationName ?? ''] ?? planned;
    const plan: OperationPlan = {
      kind,
      operationName,
      queryPlan: this.#build(kind, planned, operationName),
      document: planned,
      renames,
      guarded: guardedFields(alone, schema, rules),
      denied: NOTHING,
    };
    this.#plans.set(key, plan);
    return plan;
  }

  #build(kind: OperationPlan['kind'], document: DocumentNode, operationName: string | undefined): QueryPlan {
    const options = operationName === undefined ? {} : { operationName };
    const operation = operationFromDocument(this.#apiSchema, document, options);
    return kind === 'operation' ? this.#planOnce(operation) : this.#planDelivery(operation);
  }

  #planOnce(operation: Operation): QueryPlan {
    if (operation.rootKind === 'subscription') {
      throw refusal(
        'Subscriptions are served over WebSocket (graphql-transport-ws), text/event-stream or multipart/mixed.',
      );
    }
    return this.#planner.buildQueryPlan(operation);
  }

  #planDelivery(operation: Operation): QueryPlan {
    const { node } = this.#planner.buildQueryPlan(operation);
    if (node?.kind !== 'Subscription') throw refusal('The operation is not a subscription.');
    const event = { ...node.primary, serviceName: EVENT_SERVICE };
    return { kind: 'QueryPlan', node: { kind: 'Sequence', nodes: node.rest ? [event, node.rest] : [event] } };
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
