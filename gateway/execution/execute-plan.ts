import { buildOperationContext, executeQueryPlan, type ServiceMap } from '@apollo/gateway';
import type { ExecutionResult } from 'graphql';
import type { Logger } from '../../platform/logger.ts';
import type { GatewayContext } from '../context.ts';
import type { OperationPlan } from '../planning/operation-plan.ts';
import { CompiledOperation, type ContractGraph } from './compiled-operation.ts';
import type { UnsupportedReason } from './unsupported.ts';

/** Told how each operation was executed. @param reason empty when all of it was done by the compiled plan */
export type ObserveExecution = (
  executor: 'compiled' | 'apollo',
  reason: UnsupportedReason | 'irregular_data' | 'off' | '',
) => void;

export interface ExecutorOptions extends ContractGraph {
  /** False leaves everything to @apollo/gateway. */
  readonly isCompiling: boolean;
  readonly observe?: ObserveExecution | undefined;
  readonly logger: Logger;
}

export interface PlanRun {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: GatewayContext;
  readonly services: ServiceMap;
}

type GatewayRequestContext = Parameters<typeof executeQueryPlan>[2];

/** Executes plans for one contract: compiled ones where that is possible, and all others by @apollo/gateway. */
export class PlanExecutor {
  readonly #options: ExecutorOptions;
  // Lives as long as the plans: those are kept, and bounded, by the planner.
  readonly #compiled = new WeakMap<OperationPlan, CompiledOperation | UnsupportedReason>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /**
   * @param run its variables were coerced once: they fit the operation
   * @returns `data` may be WrittenData
   */
  async execute(plan: OperationPlan, run: PlanRun): Promise<ExecutionResult> {
    const { isCompiling, observe } = this.#options;
    const operation = isCompiling ? this.#operationOf(plan) : 'off';
    if (typeof operation === 'string') {
      observe?.('apollo', operation);
      return this.#executeByApollo(plan, run);
    }
    const { result, shaping } = await operation.run(run);
    observe?.('compiled', shaping === 'written' ? '' : 'irregular_data');
    return result;
  }

  #operationOf(plan: OperationPlan): CompiledOperation | UnsupportedReason {
    const known = this.#compiled.get(plan);
    if (known !== undefined) return known;
    const fresh = CompiledOperation.compile(plan, this.#options);
    this.#compiled.set(plan, fresh);
    return fresh;
  }

  #executeByApollo(plan: OperationPlan, { variables, context, services }: PlanRun): Promise<ExecutionResult> {
    const { schema, shape, supergraph, logger } = this.#options;
    const { document, operationName } = plan;
    const operation = buildOperationContext({
      schema, // introspection answers from it
      operationDocument: document,
      ...(operationName === undefined ? {} : { operationName }),
    });
    const request = {
      request: { variables, operationName },
      document,
      context,
      logger,
      metrics: {},
    } as unknown as GatewayRequestContext;
    return executeQueryPlan(plan.queryPlan, services, request, operation, supergraph, shape);
  }
}
