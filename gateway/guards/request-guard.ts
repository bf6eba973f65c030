import { createHash } from 'node:crypto';
import { ExecutionGate, type ExecutionKind, type ExecutionObserver } from '../../platform/admission/execution-gate.ts';
import type { Caller } from '../../platform/caller.ts';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { RateLimiter } from '../../platform/rate-limit/port.ts';
import type { GraphQLParameters } from '../graphql-parameters.ts';
import { isRequestRefused, refusal } from '../request-refused.ts';
import type { ContractSnapshot } from '../snapshot.ts';
import { DocumentGuard, type PricedOperation } from './document-guard.ts';
import { assertLimit, limitExceeded } from './limit-exceeded.ts';
import type { ContractLimits, Limits } from './limits.ts';
import type { OperationCost, Variables } from './operation-cost.ts';
import { type RegisteredDocuments, resolveDocument } from './registered-documents.ts';
import { MAX_VARIABLE_DEPTH, variableSize } from './variable-size.ts';

export interface GuardOptions {
  readonly limits: Limits;
  readonly documents: RegisteredDocuments;
  readonly rateLimiter: RateLimiter;
  readonly logger: Logger;
  /** Told of each refusal, for metrics. */
  readonly observe?: (refused: GuardRefusal) => void;
  /** Told of operations that wait and that are executed, for metrics. */
  readonly executions?: ExecutionObserver;
}

export interface GuardRefusal {
  readonly contract: string;
  /** As in `extensions.code`. */
  readonly code: string;
  /** Name of the limit that was exceeded. */
  readonly limit: string | null;
}

export interface GuardedRequest {
  readonly contract: ContractSnapshot;
  readonly caller: Caller;
  /** As they came. */
  readonly parameters: GraphQLParameters;
}

/** A request that may go on to validation. */
export interface Admission {
  /** To be executed instead of what came: a hash has become the text it stands for. */
  readonly parameters: GraphQLParameters;
  /**
   * Executes the operation when its turn has come.
   * @throws CommerceError OVERLOADED before any work, REQUEST_ABORTED; otherwise what the work throws
   */
  execute<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Lets the next operation in before this one is done: from now on it only waits for what another one does. */
  giveWay(): void;
  /**
   * Settles what the answer did cost. Call it once, with the answer's data.
   * @param data undefined when the request was refused later, by validation for instance
   * @param measured measures the data, for who has it in another form
   */
  settle(data: unknown, measured?: Measured): CostReport;
}

/** Hands the data of an answer to who measures it. */
export type Measured = (measure: (data: unknown) => number) => number;

/** `extensions.cost` of an answer, in points. */
export interface CostReport {
  /** What it was admitted for. */
  readonly requested: number;
  /** What the answer did cost. */
  readonly actual: number;
  /** Of the client on this contract, after this request. */
  readonly left: number;
  readonly capacity: number;
  readonly refillPerSecond: number;
}

/** Points of a request beyond its operation: nothing is free. */
const REQUEST_POINTS = 1;
/** Points of a request that turns out to be invalid: validation has read the document, and will read it again. */
const INVALID_POINTS = 50;
const MUTATION = /\bmutation\b/;
/** Points per field of a document that was not seen lately: it has to be validated and planned. */
const NEW_FIELD_POINTS = 5;

/**
 * What every request passes, over HTTP, SSE, multipart and WebSocket alike, after authentication and before validation
 * and planning: the rule for registered documents, the limits of its contract, and the client's rate.
 */
export class RequestGuard {
  readonly #options: GuardOptions;
  readonly #gate: ExecutionGate;
  readonly #documents = new WeakMap<ContractSnapshot, DocumentGuard>();

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#gate = new ExecutionGate(options.limits.executions, options.executions);
  }

  /** Requests that may be inside at the same time: executed, waiting for a turn, or on their way there. */
  get room(): number {
    return 2 * this.#roomOfReaders;
  }

  /**
   * Whether one of so many that are inside may stay, now that it is known what it asks for. A crowd that only looks takes half
   * of the room: orders find the other half, and are told from the rest there.
   */
  hasRoomFor(mayWrite: boolean, inside: number): boolean {
    return inside <= this.#roomOfReaders || mayWrite;
  }

  get #roomOfReaders(): number {
    const { queries, mutations } = this.#options.limits.executions;
    return 2 * (queries + mutations);
  }

  /** A cheap look: what pretends to be a mutation waits among the queries later. */
  mayWrite({ contract, caller: { clientId }, parameters }: GuardedRequest): boolean {
    const { query } = parameters;
    if (typeof query === 'string') return MUTATION.test(query);
    try {
      const { parameters: found } = resolveDocument(
        this.#options.documents,
        { contract: contract.name, clientId },
        parameters,
      );
      return typeof found.query === 'string' && MUTATION.test(found.query);
    } catch {
      return false;
    }
  }

  /** Longest wait for a turn, in milliseconds. */
  get patienceMillis(): number {
    return this.#options.limits.executions.patienceMillis;
  }

  /** Longest body to read for a contract, in bytes. */
  bodyBytes(contract: string): number {
    return this.#options.limits.of(contract).request.bodyBytes;
  }

  /**
   * @throws RequestRefused BAD_REQUEST | PERSISTED_QUERY_NOT_FOUND | BAD_USER_INPUT
   * @throws CommerceError PERSISTED_QUERY_REQUIRED | LIMIT_EXCEEDED | RATE_LIMITED
   */
  async admit(request: GuardedRequest): Promise<Admission> {
    try {
      return await this.#admit(request);
    } catch (error) {
      this.#options.observe?.(refusalOf(error, request.contract.name));
      throw error;
    }
  }

  async #admit({ contract, caller, parameters: asked }: GuardedRequest): Promise<Admission> {
    const { limits, documents, logger } = this.#options;
    const own = limits.of(contract.name);
    const { clientId, traceId } = caller;
    let spent = REQUEST_POINTS;
    let operation: PricedOperation | null = null;
    let parameters = asked;
    let failure: unknown = null;
    try {
      const resolved = resolveDocument(documents, { contract: contract.name, clientId }, asked);
      parameters = resolved.parameters;
      if (resolved.unregistered !== null) {
        const { unregistered: sha256 } = resolved;
        logger.warn({ traceId, contract: contract.name, clientId, sha256 }, 'document is not registered');
      }
      const checked = this.#check(contract, own, parameters);
      operation = checked.operation;
      spent += checked.points;
    } catch (error) {
      failure = error; // a refusal has its price too: without one, guessing would be free
    }
    const variables = variablesOf(parameters);
    const points = failure ? INVALID_POINTS : spent;
    const taken = await this.#take(contract.name, clientId, points, own);
    if (failure) throw priced(failure, taken);
    const requested = REQUEST_POINTS + (operation?.cost.requested(variables) ?? 0);
    const kind = operation?.kind === 'mutation' ? 'mutation' : 'query';
    let giveWay = () => {};
    return {
      parameters,
      execute: (work, signal) => {
        const begin = (leave: () => void) => {
          giveWay = leave;
          return work();
        };
        return this.#execute(kind, begin, signal, () => this.#giveBack(taken, spent));
      },
      giveWay: () => giveWay(),
      settle: (data, measured = (measure) => measure(data)) =>
        this.#settle(taken, { requested, spent, operation, variables, data, measured }),
    };
  }

  /** @returns the operation and what it adds to the price of a request */
  #check(
    contract: ContractSnapshot,
    { request: limits }: ContractLimits,
    { query, variables, operationName }: GraphQLParameters,
  ): { operation: PricedOperation | null; points: number } {
    const size = variableSize(variables, limits.variableBytes);
    assertLimit(limits, 'variableBytes', size.bytes);
    if (size.depth > MAX_VARIABLE_DEPTH) throw limitExceeded('variableDepth', MAX_VARIABLE_DEPTH);
    assertLimit(limits, 'listArgument', size.longestList);
    const found = typeof query === 'string' ? this.#guardOf(contract).check(query) : null;
    const operation = found?.document.operation(typeof operationName === 'string' ? operationName : null) ?? null;
    if (!found || !operation) return { operation: null, points: 0 };
    const values = variablesOf({ variables });
    assertPages(operation.cost, values, limits.listSize);
    const requested = operation.cost.requested(values);
    assertLimit(limits, 'cost', requested);
    if (operation.kind === 'subscription') assertLimit(limits, 'subscriptionCost', requested);
    return { operation, points: requested + (found.isNew ? operation.fields * NEW_FIELD_POINTS : 0) };
  }

  #guardOf(contract: ContractSnapshot): DocumentGuard {
    const known = this.#documents.get(contract);
    if (known) return known;
    const { schema, costRules: rules, name } = contract;
    const guard = new DocumentGuard({ schema, rules, limits: this.#options.limits.of(name).request });
    this.#documents.set(contract, guard);
    return guard;
  }

  async #take(contract: string, clientId: string, points: number, { rate }: ContractLimits): Promise<Spending> {
    const key = `${contract}:${createHash('sha256').update(clientId).digest('base64url').slice(0, 22)}`;
    const { allowed, left, retryAfterMillis } = await this.#options.rateLimiter.take(key, points, rate);
    if (allowed) return { key, left, rate };
    const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMillis / 1_000));
    throw new CommerceError(
      'RATE_LIMITED',
      `The client has ${Math.max(0, Math.floor(left))} of ${rate.capacity} points left, and this request needs ${Math.ceil(points)}. Repeat it in ${retryAfterSeconds} s, or ask for less.`,
      { retryAfterSeconds, cost: costOf(Math.ceil(points), 0, left, rate) },
    );
  }

  async #execute<T>(
    kind: ExecutionKind,
    work: (giveWay: () => void) => Promise<T>,
    signal: AbortSignal,
    giveBack: () => void,
  ): Promise<T> {
    try {
      return await this.#gate.pass(kind, work, signal);
    } catch (error) {
      if (isCommerceError(error) && error.code === 'OVERLOADED') giveBack(); // that we are busy is no fault of the client
      throw error;
    }
  }

  #giveBack({ key, rate }: Spending, points: number): void {
    void this.#options.rateLimiter.give(key, points, rate);
  }

  #settle({ key, left, rate }: Spending, asked: Settling): CostReport {
    const { requested, spent, data } = asked;
    const isInvalid = data === undefined;
    const actual = isInvalid ? INVALID_POINTS : actualOf(asked);
    // What a new document cost beyond its operation is not given back.
    const back = isInvalid ? Math.min(0, spent - INVALID_POINTS) : requested - actual;
    if (back !== 0) void this.#options.rateLimiter.give(key, back, rate);
    return {
      requested,
      actual,
      left: Math.floor(Math.min(rate.capacity, left + back)),
      capacity: rate.capacity,
      refillPerSecond: rate.refillPerSecond,
    };
  }
}

/** `extensions.cost` of a refusal: what was asked for, and what it took all the same. */
function costOf(
  requested: number,
  actual: number,
  left: number,
  rate: ContractLimits['rate'],
): Readonly<Record<string, number>> {
  return { requested, actual, left: Math.max(0, Math.floor(left)), ...rate };
}

/** A refusal for its cost says what it would have been; others were refused before anything was counted. */
function priced(failure: unknown, { left, rate }: Spending): unknown {
  if (!isCommerceError(failure) || failure.code !== 'LIMIT_EXCEEDED') return failure;
  const { limit, actual } = failure.details;
  if ((limit !== 'cost' && limit !== 'subscriptionCost') || typeof actual !== 'number') return failure;
  const cost = costOf(actual, INVALID_POINTS, left, rate);
  return new CommerceError(failure.code, failure.message, { ...failure.details, cost }, { cause: failure });
}

interface Spending {
  readonly key: string;
  readonly left: number;
  readonly rate: ContractLimits['rate'];
}

interface Settling {
  readonly requested: number;
  readonly spent: number;
  readonly operation: PricedOperation | null;
  readonly variables: Variables;
  readonly data: unknown;
  readonly measured: Measured;
}

function refusalOf(error: unknown, contract: string): GuardRefusal {
  if (isRequestRefused(error)) return { contract, code: String(error.errors[0]?.extensions?.code), limit: null };
  if (!isCommerceError(error)) return { contract, code: 'INTERNAL_SERVER_ERROR', limit: null };
  const { limit } = error.details;
  return { contract, code: error.code, limit: typeof limit === 'string' ? limit : null };
}

/** An answer that is null as a whole says nothing of what was done for it: it keeps what it was admitted for. */
function actualOf({ requested, operation, variables, data, measured }: Settling): number {
  if (data === null || !operation) return requested;
  return REQUEST_POINTS + measured((found) => operation.cost.actual(found, variables));
}

function assertPages(cost: OperationCost, variables: Variables, most: number): void {
  const largest = cost.largestList(variables);
  if (largest > most) throw limitExceeded('listSize', most, largest);
  if (cost.smallestList(variables) < 0) throw refusal('BAD_USER_INPUT', 'The size of a page must be 1 or more.');
}

/** An object, whatever came: what is wrong with it is said by whoever executes. */
function variablesOf({ variables }: GraphQLParameters): Variables {
  return typeof variables === 'object' && variables !== null && !Array.isArray(variables)
    ? (variables as Variables)
    : {};
}
