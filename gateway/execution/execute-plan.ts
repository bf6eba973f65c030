import { buildOperationContext, executeQueryPlan, type ServiceMap } from '@apollo/gateway';
import type { ExecutionResult } from 'graphql';
import type { Logger } from '../../platform/logger.ts';
import { authorisationClass } from '../access/authorisation-class.ts';
import type { GatewayContext } from '../context.ts';
import type { SharedReads } from '../data-sources/shared-reads.ts';
import type { OperationPlan } from '../planning/operation-plan.ts';
import { type CompiledAnswer, CompiledOperation, type ContractGraph } from './compiled-operation.ts';
import type { UnsupportedReason } from './unsupported.ts';
import { WrittenData } from './written-data.ts';

/** Told how each operation was executed. @param reason empty when all of it was done by the compiled plan */
export type ObserveExecution = (
  executor: 'compiled' | 'apollo',
  reason: UnsupportedReason | 'irregular_data' | 'off' | '',
) => void;

export interface ExecutorOptions extends ContractGraph {
  /** False leaves everything to @apollo/gateway. */
  readonly isCompiling: boolean;
  readonly observe?: ObserveExecution | undefined;
  /** Lets equal queries of one authorisation class that come at the same time be run once. Left out: each is run. */
  readonly sharedReads?: SharedReads | undefined;
  readonly logger: Logger;
}

export interface PlanRun {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: GatewayContext;
  readonly services: ServiceMap;
}

let nextId = 0;

type GatewayRequestContext = Parameters<typeof executeQueryPlan>[2];

/** Executes plans for one contract: compiled ones where that is possible, and all others by @apollo/gateway. */
export class PlanExecutor {
  readonly #options: ExecutorOptions;
  // Lives as long as the plans: those are kept, and bounded, by the planner.
  readonly #compiled = new WeakMap<OperationPlan, CompiledOperation | UnsupportedReason>();
  /** Tells plans apart in the keys of shared runs. */
  readonly #numbers = new WeakMap<OperationPlan, number>();
  readonly #id = nextId++;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** Compiles a plan before it is needed. */
  prepare(plan: OperationPlan): void {
    if (this.#options.isCompiling) this.#operationOf(plan);
  }

  /**
   * @param run its variables were coerced once: they fit the operation
   * @returns `data` may be WrittenData
   */
  async execute(plan: OperationPlan, run: PlanRun): Promise<ExecutionResult> {
    try {
      return await this.#execute(plan, run);
    } finally {
      // Who is told that something was written must see it in whatever he asks next.
      if (run.context.lane === 'writing') this.#options.sharedReads?.endJoining();
    }
  }

  async #execute(plan: OperationPlan, run: PlanRun): Promise<ExecutionResult> {
    const { isCompiling, observe } = this.#options;
    const operation = isCompiling ? this.#operationOf(plan) : 'off';
    if (typeof operation === 'string') {
      observe?.('apollo', operation);
      return this.#executeByApollo(plan, run);
    }
    const { result, shaping } = await this.#run(operation, plan, run);
    observe?.('compiled', shaping === 'written' ? '' : 'irregular_data');
    return result;
  }

  /** What is written already is shared: nobody changes it. */
  #run(operation: CompiledOperation, plan: OperationPlan, run: PlanRun): Promise<CompiledAnswer> {
    const { sharedReads } = this.#options;
    const { admission, askedAt, caller, lane, signal } = run.context;
    const start = () => operation.run(run);
    if (!sharedReads || lane !== 'reading' || operation.kind !== 'query') return start();
    const key = `${this.#id}.${this.#numberOf(plan)} ${authorisationClass(caller)} ${JSON.stringify(run.variables)}`;
    const onJoin = () => admission?.giveWay();
    return sharedReads.read({ key, signal, askedAt, start, copy: answerAgain, onJoin });
  }

  #numberOf(plan: OperationPlan): number {
    const known = this.#numbers.get(plan);
    if (known !== undefined) return known;
    const fresh = nextId++;
    this.#numbers.set(plan, fresh);
    return fresh;
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

function answerAgain(answer: CompiledAnswer): CompiledAnswer {
  const data: unknown = answer.result.data;
  if (!(data instanceof WrittenData)) return answer;
  return { ...answer, result: { ...answer.result, data: data.again() as unknown as Record<string, unknown> } };
}
