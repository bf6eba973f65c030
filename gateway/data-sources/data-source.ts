import type { GraphQLDataSource } from '@apollo/gateway';
import type { Caller } from '../../platform/caller.ts';
import { type CommerceError, isCommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { authorisationClass } from '../access/authorisation-class.ts';
import type { GatewayContext } from '../context.ts';
import { copyOf } from './copy-of.ts';
import type { Cut } from './cut.ts';
import { type DeadlineOptions, withDeadline } from './deadline.ts';
import { failedAnswer } from './failed-answer.ts';
import { type FetchOperation, fetchOperation, requestBody } from './fetch-operation.ts';
import { mergedValues, partOfAnswer } from './merged-operation.ts';
import { uniqueRepresentations } from './representations.ts';
import type { SharedReads } from './shared-reads.ts';
import { type EntityCounts, isReplay, readAnswer, type SubgraphAnswer, withGoodUntil } from './subgraph-answer.ts';
import { subgraphFailure } from './subgraph-failure.ts';
import { NOT_ASKED, SubgraphGate } from './subgraph-gate.ts';

/** One request of a query plan to one subgraph. */
export interface SubgraphFetch {
  readonly operation: FetchOperation;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The operation with its variables, as GraphQL over HTTP wants it. */
  readonly body: string;
  readonly caller: Caller;
  readonly cut: Cut;
}

/**
 * Carries a request to a subgraph.
 * @returns the parsed body of the answer, whatever it is
 * @throws CommerceError with a code of {@link SubgraphFailureCode}, or anything else, which counts as unreachable
 */
export type SubgraphCall = (fetch: SubgraphFetch) => Promise<unknown>;

/** A request of a compiled plan. */
export interface PlannedFetch {
  readonly operation: FetchOperation;
  /** With the representations, if it asks for entities. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** How many entities must come back; null when it asks for none. */
  readonly entities: number | null;
}

/** Fetches of entities that can be made by one request. */
export interface PlannedTogether {
  /** Made of the operations of all fetches, by {@link mergedOperation}. */
  readonly operation: FetchOperation;
  /** Null for one that has nobody to ask for. */
  readonly fetches: readonly (PlannedFetch | null)[];
  /** The client's, of all fetches. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A data source that compiled plans may ask without the detour through @apollo/gateway's request. */
export interface SubgraphSource extends GraphQLDataSource {
  /** Never throws: a failure is an answer with errors. */
  ask(fetch: PlannedFetch, context: GatewayContext): Promise<SubgraphAnswer>;
  /** The same for several. A source without it is asked for each. @returns an answer for each fetch */
  askTogether?(together: PlannedTogether, context: GatewayContext): Promise<readonly SubgraphAnswer[]>;
}

export interface DataSourceOptions {
  readonly subgraph: string;
  /** Longest wait for an answer, in milliseconds. */
  readonly deadlineMillis: number;
  /** Requests to the subgraph that may be under way, for mutations and for all else. Left out: any number, and it is asked even if it fails all the time. */
  readonly concurrency?: number;
  readonly logger: Logger;
  /** Lets equal reads of one authorisation class that are under way at the same time be one. Left out: nothing is shared. */
  readonly sharedReads?: SharedReads;
  /** Told about every request: `outcome` is "ok" or the code of the failure. */
  readonly observe?: (subgraph: string, outcome: string, seconds: number) => void;
}

/**
 * Makes a data source out of a way to reach a subgraph. It never throws: a subgraph that fails leaves its part of the
 * answer null, with an error that tells clients what they need and the log the rest.
 */
export function createDataSource(call: SubgraphCall, options: DataSourceOptions): SubgraphSource {
  const { subgraph, deadlineMillis, logger, observe, sharedReads } = options;
  // Orders have places of their own: those of browsers may all be waiting for something else.
  const [writing, others] = [gateOf(options, { isPatient: true }), gateOf(options)];

  const request = async (
    { operation, variables, entities }: Asked,
    { caller, signal, outcome, lane }: GatewayContext,
  ): Promise<SubgraphAnswer> => {
    const startedAt = performance.now();
    const ended = (result: string) => observe?.(subgraph, result, (performance.now() - startedAt) / 1_000);
    try {
      // A client that hangs up does not stop its mutation halfway: it will ask for the result with the same key.
      const deadline = { subgraph, millis: deadlineMillis, client: operation.isRead ? signal : null };
      const text = requestBody(operation, variables);
      const work = (letEnd?: DeadlineOptions['letEnd']) =>
        withDeadline({ ...deadline, letEnd }, (cut) => {
          const start = () => call({ operation, variables, body: text, caller, cut });
          if (!sharedReads || lane !== 'reading' || !operation.isRead) return start();
          const key = `${authorisationClass(caller)} ${subgraph} ${text}`;
          return sharedReads.read({ key, signal: cut, start, copy: copyOf });
        });
      const gate = lane === 'writing' ? writing : others;
      const body = await (gate ? gate.pass(work) : work());
      if (isReplay(body)) outcome.idempotentReplay = true;
      const answer = withGoodUntil(readAnswer(body, subgraph, entities), body);
      ended('ok');
      return answer;
    } catch (error) {
      const failure = isCommerceError(error) ? error : subgraphFailure('SUBGRAPH_UNREACHABLE', { subgraph }, error);
      ended(failure.code);
      log(logger, failure, caller.traceId, operation.name);
      return failedAnswer(failure, operation.text);
    }
  };

  const ask: SubgraphSource['ask'] = ({ operation, variables, entities }, context) =>
    request({ operation, variables, entities: entities === null ? null : { _entities: entities } }, context);

  const askTogether: SubgraphSource['askTogether'] = async ({ operation, fetches, variables }, context) => {
    const answer = await request({ operation, ...mergedValues(fetches, variables) }, context);
    return fetches.map((_, part) => partOfAnswer(answer, part));
  };

  return sourceOf(ask, askTogether);
}

/** A data source that compiled plans, and @apollo/gateway too, can ask. */
export function sourceOf(ask: SubgraphSource['ask'], askTogether?: SubgraphSource['askTogether']): SubgraphSource {
  return {
    ask,
    ...(askTogether ? { askTogether } : {}),
    async process({ request, context }) {
      const unique = uniqueRepresentations(request.variables);
      const operation = fetchOperation(request.query ?? '', request.operationName);
      const entities = unique.representations?.length ?? null;
      return unique.restore(
        await ask({ operation, variables: unique.variables ?? {}, entities }, context as GatewayContext),
      );
    },
  };
}

function gateOf({ subgraph, concurrency, logger }: DataSourceOptions, { isPatient = false } = {}): SubgraphGate | null {
  if (concurrency === undefined) return null;
  const onChange = (isOpen: boolean) =>
    isOpen
      ? logger.info({ subgraph }, 'the subgraph answers again')
      : logger.warn({ subgraph }, 'the subgraph failed several times in a row: it is asked once a second only');
  return new SubgraphGate({ subgraph, width: concurrency, isPatient, onChange });
}

/** A request for which nothing is left to be decided. */
interface Asked extends Pick<PlannedFetch, 'operation' | 'variables'> {
  readonly entities: EntityCounts | null;
}

function log(logger: Logger, failure: CommerceError, traceId: string, operation: string | undefined): void {
  if (failure.code === 'REQUEST_ABORTED' || failure.details.reason === NOT_ASKED) return;
  const cause = failure.cause instanceof Error ? { cause: failure.cause.name, ...codeOf(failure.cause) } : {};
  logger.warn({ traceId, code: failure.code, operation, ...failure.details, ...cause }, 'subgraph failed');
}

function codeOf(error: Error): { causeCode?: string } {
  return 'code' in error && typeof error.code === 'string' ? { causeCode: error.code } : {};
}
