import type { ServiceMap } from '@apollo/gateway';
import {
  type DocumentNode,
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import type { Caller } from '../platform/caller.ts';
import { CommerceError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { ContractDefinition } from '../registry/contracts.ts';
import { deniedRoots, deniedTo, forbidden, forbiddenErrors } from './access-rules/forbidden.ts';
import type { GuardedField } from './access-rules/guarded-fields.ts';
import { logFaults, sealError } from './client-errors.ts';
import { createContext, type GatewayContext } from './context.ts';
import type { ContractSchema } from './contract-schema.ts';
import type { SharedReads } from './data-sources/shared-reads.ts';
import { type ObserveExecution, PlanExecutor } from './execution/execute-plan.ts';
import { readData, WrittenData } from './execution/written-data.ts';
import type { CostRules } from './guards/cost-rules.ts';
import { restoreNames, restorePath } from './planning/alias-guard.ts';
import type { OperationPlan } from './planning/operation-plan.ts';
import type { OperationPlanner } from './planning/planner.ts';
import { visiblePath } from './planning/visible-path.ts';
import type { ContractSnapshot, OperationRun } from './snapshot.ts';
import type { RecordUse } from './usage/recorder.ts';

/** What the contracts of one supergraph share. */
export interface SharedGraph {
  readonly id: string;
  readonly planner: OperationPlanner;
  /** The supergraph itself: plans are executed against it, whatever the contract hides. */
  readonly schema: GraphQLSchema;
  readonly services: ServiceMap;
  readonly costRules: CostRules;
  readonly recordUse?: RecordUse | undefined;
  /** Whether plans are compiled; false leaves them to the executor of @apollo/gateway. */
  readonly compilePlans: boolean;
  readonly observeExecution?: ObserveExecution | undefined;
  readonly sharedReads?: SharedReads | undefined;
  readonly logger: Logger;
}

type Values = Pick<OperationRun, 'operationName' | 'variables'>;
/** What Apollo Server gets: errors that are still objects of graphql-js, and perhaps WrittenData for data. */
type Answer = ExecutionResult<Record<string, unknown>, Record<string, unknown>>;

/** Plans on the whole graph, lets in and out only what the contract shows. */
export class ContractExecution implements ContractSnapshot {
  readonly path: string;
  readonly name: string;
  readonly supergraphId: string;
  readonly schema: GraphQLSchema;
  readonly costRules: CostRules;
  readonly #executor: PlanExecutor;
  readonly #graph: SharedGraph;

  constructor(definition: ContractDefinition, schema: ContractSchema, graph: SharedGraph) {
    this.path = definition.path;
    this.name = definition.name;
    this.supergraphId = graph.id;
    this.schema = schema.graphql;
    this.costRules = graph.costRules;
    this.#graph = graph;
    this.#executor = new PlanExecutor({
      schema: schema.graphql,
      shape: schema.federation,
      supergraph: graph.schema,
      isCompiling: graph.compilePlans,
      observe: graph.observeExecution,
      sharedReads: graph.sharedReads,
      logger: graph.logger,
    });
  }

  planOperation(document: DocumentNode, operationName?: string | null): OperationPlan {
    this.#assertRoot(document, operationName);
    return this.#graph.planner.planOperation(document, operationName ?? undefined);
  }

  /**
   * Plans and compiles the operations of a document before a client sends it, so that the first one need not wait.
   * @returns whether it is one of this contract
   */
  prepare(text: string): boolean {
    try {
      const document = parse(text);
      if (validate(this.schema, document).length > 0) return false;
      for (const definition of document.definitions) {
        if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
        // Without a name, as clients send a document that has only one.
        const isOne = document.definitions.filter(({ kind }) => kind === definition.kind).length === 1;
        const names = isOne ? [undefined, definition.name?.value] : [definition.name?.value];
        for (const name of names) this.#prepare(document, definition.operation, name);
      }
      return true;
    } catch (error) {
      if (error instanceof GraphQLError) return false;
      throw error;
    }
  }

  #prepare(document: DocumentNode, kind: OperationTypeNode, name: string | undefined): void {
    if (kind === OperationTypeNode.SUBSCRIPTION) this.#executor.prepare(this.planSubscription(document, name));
    else this.#executor.prepare(this.planOperation(document, name));
  }

  planSubscription(document: DocumentNode, operationName?: string | null): OperationPlan {
    this.#assertRoot(document, operationName);
    return this.#graph.planner.planSubscription(document, operationName ?? undefined);
  }

  admit(plan: OperationPlan, caller: Caller, text: string): void {
    this.assertMayStart(plan, caller);
    this.#count(plan, caller, text, '');
  }

  assertMayStart(plan: OperationPlan, caller: Caller): void {
    const [root] = deniedRoots(plan, deniedTo(plan, caller));
    if (root) throw new CommerceError('FORBIDDEN', forbidden([root], caller, null).message);
  }

  async executeWith(plan: OperationPlan, run: OperationRun): Promise<FormattedExecutionResult> {
    const context = createContext(run.caller, run.signal);
    if (run.text !== undefined) this.#count(plan, run.caller, run.text, '');
    const { errors, data, ...rest } = await this.#execute(plan, run, context, run.services);
    return {
      ...(errors ? { errors: errors.map((error) => error.toJSON()) } : {}),
      ...(data === undefined ? {} : { data: readData(data) ?? null }),
      ...rest,
    };
  }

  /** Plans and runs a query or mutation, for Apollo Server. Never throws. */
  async answer(document: DocumentNode, values: Values, context: GatewayContext): Promise<Answer> {
    try {
      const plan = this.planOperation(document, values.operationName);
      this.#count(plan, context.caller, document.loc?.source.body ?? '', context.clientVersion);
      const isQuery = getOperationAST(document, values.operationName)?.operation === 'query';
      const answer = await this.#execute(plan, values, { ...context, lane: isQuery ? 'reading' : 'writing' });
      const data: unknown = answer.data;
      if (data instanceof WrittenData) context.outcome.written = data;
      return answer;
    } catch (error) {
      const { traceId } = context.caller;
      logFaults([error], this.#graph.logger, traceId);
      return { errors: [seal(toGraphQLError(error), null, values.operationName, traceId)] };
    }
  }

  #count(plan: OperationPlan, caller: Caller, text: string, clientVersion: string): void {
    const { path, schema } = this;
    this.#graph.recordUse?.({ path, clientId: caller.clientId, clientVersion, plan, schema, text });
  }

  /**
   * Validation says nothing about the fields of an operation whose root type the schema does not have. Plans are made on
   * the whole graph: without this, a contract without mutations would have all of them.
   */
  #assertRoot(document: DocumentNode, operationName: string | null | undefined): void {
    const operation = getOperationAST(document, operationName);
    if (!operation || this.schema.getRootType(operation.operation)) return;
    throw new GraphQLError(`The schema has no ${operation.operation}s.`, {
      nodes: operation,
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  }

  async #execute(
    asked: OperationPlan,
    values: Values,
    context: GatewayContext,
    services: ServiceMap = {},
  ): Promise<Answer> {
    const { caller } = context;
    const { traceId } = caller;
    let plan = asked;
    try {
      const denied = deniedTo(asked, caller);
      const roots = deniedRoots(asked, denied);
      if (roots.length > 0) return refusal(asked, roots, caller);
      if (denied.length > 0) plan = this.#graph.planner.restrict(asked, denied);
      const result = await this.#run(plan, values, context, services);
      if (result.errors) logFaults(result.errors, this.#graph.logger, traceId);
      const errors = result.errors?.map((error) => seal(toGraphQLError(error), plan, values.operationName, traceId));
      const data = (plan.renames.size === 0 ? result.data : restoreNames(readData(result.data), plan.renames)) as
        | Record<string, unknown>
        | null
        | undefined;
      return {
        ...(errors?.length ? { errors } : {}),
        ...(data === undefined ? {} : { data }),
        ...(context.outcome.idempotentReplay ? { extensions: { idempotentReplay: true } } : {}),
      };
    } catch (error) {
      logFaults([error], this.#graph.logger, traceId);
      return { errors: [seal(toGraphQLError(error), plan, values.operationName, traceId)] };
    }
  }

  async #run(
    plan: OperationPlan,
    values: Values,
    context: GatewayContext,
    services: ServiceMap,
  ): Promise<ExecutionResult> {
    const variables = values.variables ?? {};
    const operation = getOperationAST(plan.document, plan.operationName);
    const coerced = getVariableValues(this.schema, operation?.variableDefinitions ?? [], variables);
    if (coerced.errors) return { errors: coerced.errors.map(asBadUserInput) };
    const all = { ...this.#graph.services, ...services };
    const result = await this.#executor.execute(plan, { variables, context, services: all });
    const missing = missingValues(result.extensions, plan);
    // The executor tells of nulls that moved up only when nothing else failed.
    const moved = result.errors ? null : missing.denied;
    const errors = [
      ...(result.errors ?? []),
      ...missing.unexpected,
      ...(plan.denied.size > 0 ? forbiddenErrors(plan, readData(result.data), moved, context.caller) : []),
    ];
    return { ...(result.data === undefined ? {} : { data: result.data }), ...(errors.length > 0 ? { errors } : {}) };
  }
}

/** @param plan null when the operation could not be planned: there is no answer to point into */
function seal(error: GraphQLError, plan: OperationPlan | null, operationName: unknown, traceId: string): GraphQLError {
  const { message, path, extensions } = sealError(error.toJSON(), traceId);
  const visible = path && plan ? restorePath(visiblePath(path, plan.document, operationName), plan.renames) : [];
  return new GraphQLError(message, {
    ...(visible.length > 0 ? { path: visible } : {}),
    ...(extensions ? { extensions } : {}),
    ...(error.nodes ? { nodes: error.nodes } : {}),
  });
}

/** Nothing is run of an operation whose root field is denied. */
function refusal(plan: OperationPlan, roots: readonly GuardedField[], caller: Caller): Answer {
  const errors = roots.map((root) => forbidden([root], caller, restorePath([root.responseName], plan.renames)));
  return { data: null, errors };
}

/**
 * Nulls where the schema promises a value, and values that the contract does not know. @apollo/gateway hides them among
 * the extensions; GraphQL wants an error for each, and a client that gets null for everything deserves to know why.
 * Those of denied fields are told apart.
 */
function missingValues(
  extensions: Record<string, unknown> | undefined,
  plan: OperationPlan,
): { readonly unexpected: GraphQLError[]; readonly denied: GraphQLError[] } {
  const found: readonly GraphQLError[] = Array.isArray(extensions?.valueCompletion) ? extensions.valueCompletion : [];
  const isDenied = ({ path }: GraphQLError) => plan.denied.has(String(path?.at(-1)));
  const unexpected = found
    .filter((error) => !isDenied(error))
    .map(
      (error) =>
        new GraphQLError(error.message, {
          ...(error.path ? { path: error.path } : {}),
          extensions: { code: 'SUBGRAPH_BAD_RESPONSE', retryable: true },
        }),
    );
  return { unexpected, denied: found.filter(isDenied) };
}

function asBadUserInput(error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, {
    ...(error.nodes ? { nodes: error.nodes } : {}),
    extensions: { code: 'BAD_USER_INPUT', retryable: false },
  });
}

function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const cause = error instanceof Error ? error : new Error('not an error');
  return new GraphQLError('unexpected', { originalError: cause });
}
