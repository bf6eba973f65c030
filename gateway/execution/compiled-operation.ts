import { type Operation, operationFromDocument, type Schema } from '@apollo/federation-internals';
import { buildOperationContext, type ServiceMap } from '@apollo/gateway';
import { type ExecutionResult, GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import type { GatewayContext } from '../context.ts';
import type { OperationPlan } from '../planning/operation-plan.ts';
import { AnswerShape } from './answer-shape.ts';
import { type AnswerWriter, compileWriter } from './answer-writer.ts';
import { computeResponse } from './apollo-parts.ts';
import { compilePlan } from './compile-plan.ts';
import { isExactData } from './exact-data.ts';
import { isIrregular } from './irregular.ts';
import type { Entity, Run, Step } from './run.ts';
import { Unsupported, type UnsupportedReason } from './unsupported.ts';
import { WrittenData } from './written-data.ts';

/** A contract on the graph that its operations are planned on. */
export interface ContractGraph {
  /** Of the contract: what clients may see. */
  readonly schema: GraphQLSchema;
  /** The same, in the form that @apollo/gateway shapes answers with. */
  readonly shape: Schema;
  readonly supergraph: GraphQLSchema;
}

export interface RunValues {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: GatewayContext;
  readonly services: ServiceMap;
}

/** How an answer came about: written at once, or shaped by @apollo/gateway because of what the data was like. */
export type Shaping = 'written' | 'shaped';

export interface CompiledAnswer {
  /** `data` is {@link WrittenData} when it was written. */
  readonly result: ExecutionResult;
  readonly shaping: Shaping;
}

/** An operation of one contract, ready to be run any number of times. */
export class CompiledOperation {
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly #operation: Operation;
  readonly #fetchAll: Step | null;
  readonly #write: AnswerWriter;
  readonly #defaults: Readonly<Record<string, unknown>>;
  readonly #isExact: boolean;

  private constructor(operation: Operation, fetchAll: Step | null, write: AnswerWriter, isExact: boolean) {
    this.kind = operation.rootKind;
    this.#operation = operation;
    this.#isExact = isExact;
    this.#fetchAll = fetchAll;
    this.#write = write;
    this.#defaults = operation.collectDefaultedVariableValues();
  }

  /** @returns the reason when the operation has something that compiled plans do not do */
  static compile(plan: OperationPlan, graph: ContractGraph): CompiledOperation | UnsupportedReason {
    const { document, operationName } = plan;
    try {
      const { operation: node } = buildOperationContext({
        schema: graph.schema,
        operationDocument: document,
        ...(operationName === undefined ? {} : { operationName }),
      });
      const write = writerOf(plan, node, graph.schema);
      const operation = operationFromDocument(graph.shape, document, {
        validate: false,
        ...(operationName === undefined ? {} : { operationName }),
      });
      const fetchAll = compilePlan(plan.queryPlan, { supergraph: graph.supergraph, operation });
      return new CompiledOperation(operation, fetchAll, write, isExactData(plan, graph.schema));
    } catch (error) {
      if (error instanceof Unsupported) return error.reason;
      throw error;
    }
  }

  /**
   * Fetches and answers. A subgraph that fails leaves its part null, with an error.
   * @throws Error when a subgraph's answer does not fit the plan at all
   */
  async run({ variables, context, services }: RunValues): Promise<CompiledAnswer> {
    const run: Run = {
      data: Object.create(null),
      variables,
      context,
      services,
      errors: [],
      shared: new Map(),
      isComplete: true,
    };
    if (this.#fetchAll) await this.#fetchAll(run);
    const errors = run.errors.length > 0 ? { errors: run.errors as GraphQLError[] } : {};
    try {
      const isExplained = run.errors.length > 0;
      const json = this.#write({ data: run.data, variables: { ...this.#defaults, ...variables }, isExplained });
      if (json === null) return { result: { ...errors, data: null }, shaping: 'written' };
      const isWhole = run.isComplete && run.errors.length === 0 && this.#isExact;
      const written = WrittenData.of(json, isWhole ? run.data : null);
      return { result: { ...errors, data: written as unknown as Record<string, unknown> }, shaping: 'written' };
    } catch (error) {
      if (!isIrregular(error)) throw error;
      return { result: this.#shape(run), shaping: 'shaped' };
    } finally {
      letGo(run);
    }
  }

  /** What @apollo/gateway makes of the same data. The plan is not run again: it may hold a mutation. */
  #shape({ data: input, variables, errors }: Run): ExecutionResult {
    try {
      const { data, errors: incomplete } = computeResponse({
        operation: this.#operation,
        variables: { ...variables },
        input,
        introspectionHandling: () => null, // such operations are not compiled
      });
      if (errors.length > 0) return { errors: errors as GraphQLError[], data: data ?? null };
      return { data: data ?? null, ...(incomplete.length > 0 ? { extensions: { valueCompletion: incomplete } } : {}) };
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      if (error instanceof Error) return { errors: [new GraphQLError(error.message, { originalError: error })] };
      throw error;
    }
  }
}

/**
 * What waited for the run (promises, functions) may be old when it ends, and then stays until old memory is cleaned: it must
 * not keep all that was fetched.
 */
function letGo(run: Run): void {
  run.data = NOTHING;
  run.shared.clear();
}

const NOTHING: Entity = Object.freeze(Object.create(null) as Entity);

function writerOf(plan: OperationPlan, node: OperationDefinitionNode, schema: GraphQLSchema): AnswerWriter {
  const type = schema.getRootType(node.operation);
  if (!type) throw new Unsupported('plan_node'); // refused before it is planned
  return compileWriter(schema, new AnswerShape(schema, plan.document), { type, set: node.selectionSet });
}
