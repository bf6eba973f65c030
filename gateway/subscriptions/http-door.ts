import type { IncomingMessage, ServerResponse } from 'node:http';
import { isCommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { HttpProblem, sendProblem } from '../http/problem.ts';
import { RequestRefused } from '../request-refused.ts';
import type { StreamRequest } from '../subscription-transport.ts';
import { readAccept, type StreamKind } from './accepted-stream.ts';
import type { CredentialWatch } from './credential-watch.ts';
import { HttpStream } from './http-stream.ts';
import type { SubscriptionHub } from './hub.ts';
import type { SubscriptionLimits } from './limits.ts';
import { formatFailure, liveError } from './live-error.ts';
import { type RequestDocument, readRequest } from './request-document.ts';
import { runOperation } from './single-operation.ts';
import { streamFormats } from './stream-format.ts';

export interface HttpDoorOptions {
  readonly hub: SubscriptionHub;
  readonly credentialWatch: CredentialWatch;
  readonly limits: SubscriptionLimits;
  readonly logger: Logger;
}

const NOT_ACCEPTABLE =
  'This is a subscription: accept text/event-stream, or multipart/mixed;subscriptionSpec=1.0, or use a WebSocket with graphql-transport-ws.';
const EXPIRED = liveError('UNAUTHENTICATED', 'The credential is no longer valid.');

/** Subscriptions over HTTP: one request, one stream of results. */
export class HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #streams = new Set<Promise<void>>();

  constructor(options: HttpDoorOptions) {
    this.#options = options;
  }

  /** @returns false when the request is not one for a stream: nothing was written */
  handle(request: IncomingMessage, response: ServerResponse, asked: StreamRequest): false | Promise<void> {
    const { stream, json } = readAccept(request.headers.accept);
    const { query } = asked.admission.parameters;
    // Every request passes here: only those that may be for us are parsed.
    if (typeof query !== 'string' || (json && !query.includes('subscription'))) return false;
    const read = tryRead(asked);
    if (read instanceof RequestRefused) {
      return this.refuse(request, response, read, asked.caller.traceId);
    }
    if (read.operation === 'subscription') {
      return stream
        ? this.#track(this.#subscribe(request, response, asked, read, stream))
        : notAcceptable(response, asked.caller.traceId);
    }
    // The protocol over SSE has queries too. A mutation never comes by GET: it would be repeated when the browser reconnects.
    if (stream !== 'sse' || json || (read.operation === 'mutation' && request.method !== 'POST')) return false;
    return this.#track(this.#answer(request, response, asked, read));
  }

  /**
   * Tells a client that takes nothing but SSE why its request was refused: a browser's EventSource sees no other answer.
   * @returns false when it takes an ordinary answer, and when it is to come back later: then the status says so
   */
  refuse(request: IncomingMessage, response: ServerResponse, error: unknown, traceId: string): false | Promise<void> {
    const { stream, json } = readAccept(request.headers.accept);
    const isForStatus = isCommerceError(error) && error.code === 'RATE_LIMITED';
    if (stream !== 'sse' || json || isForStatus) return false;
    const errors = formatFailure(error, this.#options.logger, traceId);
    return this.#track(new HttpStream(request, response, streamFormats.sse(traceId)).refuse(errors));
  }

  /** Resolves when every stream has ended. */
  async drained(): Promise<void> {
    await Promise.all(this.#streams);
  }

  async #subscribe(
    request: IncomingMessage,
    response: ServerResponse,
    { contract, caller }: StreamRequest,
    read: RequestDocument,
    kind: StreamKind,
  ): Promise<void> {
    const { hub, credentialWatch, logger } = this.#options;
    const stream = new HttpStream(request, response, streamFormats[kind](caller.traceId));
    const lastEventId = request.headers['last-event-id'];
    try {
      const subscriber = await hub.subscribe({
        contract,
        caller,
        request: read,
        lastEventId: lastEventId ? String(lastEventId) : null,
      });
      const stopWatching = credentialWatch.watch(request.headers, caller, () =>
        subscriber.end({ kind: 'failed', errors: [EXPIRED] }),
      );
      await stream.follow(subscriber.queue);
      stopWatching();
    } catch (error) {
      await stream.refuse(formatFailure(error, logger, caller.traceId));
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { contract, caller, admission }: StreamRequest,
    read: RequestDocument,
  ): Promise<void> {
    const stream = new HttpStream(request, response, streamFormats.sse(caller.traceId));
    const abort = new AbortController();
    void stream.closed.then(() => abort.abort());
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(this.#options.limits.executionMillis)]);
    try {
      await stream.result(await runOperation(contract, read, { caller, signal, admission }));
    } catch (error) {
      await stream.refuse(formatFailure(error, this.#options.logger, caller.traceId));
    }
  }

  #track(stream: Promise<void>): Promise<void> {
    this.#streams.add(stream);
    return stream.finally(() => this.#streams.delete(stream));
  }
}

function tryRead({ admission }: StreamRequest): RequestDocument | RequestRefused {
  try {
    return readRequest(admission.parameters);
  } catch (error) {
    if (error instanceof RequestRefused) return error;
    throw error;
  }
}

async function notAcceptable(response: ServerResponse, traceId: string): Promise<void> {
  sendProblem(response, new HttpProblem(406, 'BAD_REQUEST', NOT_ACCEPTABLE), traceId);
}
