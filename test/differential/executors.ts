import { randomUUID } from 'node:crypto';
import { Supergraph } from '@apollo/federation-internals';
import { type DocumentNode, type ExecutionResult, parse } from 'graphql';
import { readRules } from '../../gateway/access-rules/read-rules.ts';
import { createContext } from '../../gateway/context.ts';
import { ContractExecution } from '../../gateway/contract-execution.ts';
import { type ContractSchema, contractSchema } from '../../gateway/contract-schema.ts';
import { createDataSource } from '../../gateway/data-sources/data-source.ts';
import { PlanExecutor } from '../../gateway/execution/execute-plan.ts';
import { answerText, fetchedOrRead, readData } from '../../gateway/execution/written-data.ts';
import { readCostRules } from '../../gateway/guards/cost-rules.ts';
import { operationCost } from '../../gateway/guards/operation-cost.ts';
import { plannedNames } from '../../gateway/planning/alias-guard.ts';
import type { OperationPlan } from '../../gateway/planning/operation-plan.ts';
import { OperationPlanner } from '../../gateway/planning/planner.ts';
import { createLogger } from '../../platform/logger.ts';
import { hiddenElements } from '../../registry/contract-from-tags.ts';
import type { ContractDefinition } from '../../registry/contracts.ts';
import { callerOf } from '../helpers/subgraph.ts';
import { answerOf, type World } from './answers.ts';
import { askedOf, type SentRequest } from './asked-of.ts';
import { SUBGRAPHS, supergraph } from './graph.ts';
import type { GeneratedOperation } from './operations.ts';

/** What one executor made of an operation. */
export interface Outcome {
  /** A subgraph's answer did not fit the plan at all: clients get an internal error. */
  readonly hasThrown: boolean;
  readonly data: unknown;
  /** In the order of their texts: requests that run side by side may fail in any order. */
  readonly errors: readonly unknown[];
  readonly incomplete: readonly unknown[];
  /** What was asked of subgraphs at their roots; in order, and each as often as it was asked, for a mutation. */
  readonly requests: readonly string[];
  /** What was asked of entities, each once. */
  readonly entities: readonly string[];
  readonly cost: number;
  /** What a client reads. */
  readonly answer: unknown;
}

const ALL: ContractDefinition = {
  path: 'all/2026-11',
  name: 'all',
  version: '2026-11',
  filter: { include: null, exclude: [] },
  documents: 'open',
};
const PUBLIC: ContractDefinition = {
  ...ALL,
  path: 'public/2026-11',
  name: 'public',
  filter: { include: null, exclude: ['internal'] },
};
const logger = createLogger({ level: 'silent', component: 'test' });
const WAYS = ['compiled', 'apollo'] as const;
export type Way = (typeof WAYS)[number];

/** Both executors on one graph, one plan and the same subgraphs. */
export class Executors {
  /** How operations were executed, by executor and reason. */
  readonly executions = new Map<string, number>();
  readonly #planner: OperationPlanner;
  readonly #contracts: ReadonlyMap<string, Contract>;
  #world: World = { seed: 0, nulls: 0, errors: 0, invalid: 0, failures: 0 };
  /** The run that is under way: one that failed may leave requests behind that are not yet answered. */
  #run = { id: '', requests: [] as SentRequest[] };

  constructor() {
    const document = parse(supergraph(), { noLocation: true });
    const graph = Supergraph.build(document, { validateSupergraph: true });
    const apiSchema = graph.apiSchema();
    const rules = { rules: readRules(document), schema: apiSchema.toGraphQLJSSchema() };
    this.#planner = new OperationPlanner(graph, apiSchema, plannedNames(document), rules);
    const shared = {
      id: 'graph',
      planner: this.#planner,
      schema: graph.schema.toGraphQLJSSchema(),
      services: Object.fromEntries([...SUBGRAPHS.keys()].map((name) => [name, this.#source(name)])),
      costRules: readCostRules(document),
      logger,
    };
    const contractOf = (definition: ContractDefinition): Contract => {
      const schema = contractSchema(apiSchema.toAST(), hiddenElements(document, definition.filter));
      const of = (way: Way) => {
        const compilePlans = way === 'compiled';
        const observe = (...told: string[]) =>
          void this.executions.set(told.join(' '), (this.executions.get(told.join(' ')) ?? 0) + 1);
        const executor = new PlanExecutor({
          schema: schema.graphql,
          shape: schema.federation,
          supergraph: shared.schema,
          isCompiling: compilePlans,
          observe,
          logger,
        });
        return { executor, execution: new ContractExecution(definition, schema, { ...shared, compilePlans }) };
      };
      return { schema, services: shared.services, compiled: of('compiled'), apollo: of('apollo') };
    };
    this.#contracts = new Map([ALL, PUBLIC].map((definition) => [definition.name, contractOf(definition)]));
  }

  schemaOf(contract: string): ContractSchema['graphql'] {
    return this.#contract(contract).schema.graphql;
  }

  /** @throws GraphQLError when the operation cannot be planned */
  plan(document: DocumentNode): OperationPlan {
    return this.#planner.planOperation(document, undefined);
  }

  async run(
    way: Way,
    contract: string,
    document: DocumentNode,
    operation: GeneratedOperation,
    world: World,
  ): Promise<Outcome> {
    this.#world = world;
    const run = { id: randomUUID(), requests: [] as SentRequest[] };
    this.#run = run;
    const { schema, services, [way]: each } = this.#contract(contract);
    const variables = { ...operation.variables };
    const scopes = world.seed % 2 === 0 ? ['staff'] : [];
    const context = createContext(callerOf({ scopes, contract, traceId: run.id }), new AbortController().signal);
    const plan = this.plan(document);
    let hasThrown = false;
    const result = await each.executor.execute(plan, { variables, context, services }).catch((): ExecutionResult => {
      hasThrown = true;
      return { data: null };
    });
    const asked = hasThrown ? [] : run.requests.map(askedOf);
    const requests = asked.flatMap((each) => ('root' in each ? [each.root] : []));
    const node = document.definitions.find((definition) => definition.kind === 'OperationDefinition');
    const isMutation = node?.operation === 'mutation';
    const cost =
      node &&
      operationCost(schema.graphql, plan.document, node, { rules: readCostRules(document), assumedListSize: 10 });
    const answer = await each.execution.answer(document, { variables, operationName: undefined }, context);
    return {
      hasThrown,
      data: json(readData(result.data)),
      errors: sorted(result.errors ?? []),
      incomplete: sorted((result.extensions?.valueCompletion ?? []) as object[]),
      requests: isMutation ? requests : [...new Set(requests)].sort(),
      entities: [...new Set(asked.flatMap((each) => ('entities' in each ? each.entities : [])))].sort(),
      cost: cost?.actual(fetchedOrRead(result.data), variables) ?? 0,
      answer: sealed(JSON.parse(answerText(answer as never))),
    };
  }

  #contract(name: string): Contract {
    const found = this.#contracts.get(name);
    if (!found) throw new Error(`no contract ${name}`);
    return found;
  }

  #source(name: string) {
    return createDataSource(
      async ({ operation, variables, caller }) => {
        const { text } = operation;
        if (caller.traceId === this.#run.id) this.#run.requests.push({ subgraph: name, text, variables });
        return answerOf(this.#world, name, text, variables);
      },
      { subgraph: name, deadlineMillis: 60_000, logger },
    );
  }
}

interface Contract {
  readonly schema: ContractSchema;
  readonly services: ConstructorParameters<typeof ContractExecution>[2]['services'];
  readonly compiled: Both;
  readonly apollo: Both;
}

interface Both {
  readonly executor: PlanExecutor;
  readonly execution: ContractExecution;
}

function json(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function sorted(errors: readonly object[]): unknown[] {
  return errors
    .map((error) => json('toJSON' in error ? error : { message: (error as Error).message }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function sealed(answer: { errors?: object[] }): unknown {
  return { ...answer, ...(answer.errors ? { errors: sorted(answer.errors) } : {}) };
}
