import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { sealError } from '../client-errors.ts';
import type { StreamKind } from './accepted-stream.ts';
import { liveError } from './live-error.ts';
import type { LiveMessage } from './live-message.ts';

/** How one kind of stream writes what happens. Every function returns the bytes to send, as text. */
export interface StreamFormat {
  readonly contentType: string;
  /** Sent at once, so that the client and every proxy between see that the stream is open. */
  readonly open: string;
  readonly heartbeat: string;
  /** Milliseconds between heartbeats. */
  readonly heartbeatMillis: number;
  message(message: LiveMessage): string;
  /** The errors that end the stream, or that kept it from starting. */
  failure(errors: readonly GraphQLFormattedError[]): string;
  /** The stream is complete. */
  readonly completed: string;
  /** This process stops: not "complete", so that clients subscribe again. */
  readonly interrupted: string;
}

/** GraphQL over Server-Sent Events, "distinct connections mode". */
function sse(): StreamFormat {
  const next = (json: string) => `event: next\ndata: ${json}\n\n`;
  // A browser waits this long before it reconnects. Spread, so that all clients of a stopped process do not come at once.
  const retryMillis = 500 + Math.floor(Math.random() * 2_000);
  return {
    contentType: 'text/event-stream; charset=utf-8',
    open: `retry: ${retryMillis}\n\n`,
    heartbeat: ':\n\n',
    heartbeatMillis: 12_000,
    message: (message) => (message.resumeFrom === null ? '' : `id: ${message.resumeFrom}\n`) + next(message.json()),
    failure: (errors) => next(JSON.stringify({ errors } satisfies FormattedExecutionResult)),
    completed: 'event: complete\ndata:\n\n',
    interrupted: '',
  };
}

const BOUNDARY = '\r\n--graphql';
const LAST = '--\r\n';

/**
 * Apollo's subscriptions over multipart HTTP, version 1.0. The boundary ends each part instead of beginning it:
 * a client takes a part for complete only when it has seen the boundary that follows.
 */
function multipart(traceId: string): StreamFormat {
  const part = (json: string) => `\r\ncontent-type: application/json\r\n\r\n${json}${BOUNDARY}`;
  const restarting = sealError(
    liveError('OVERLOADED', 'This process is stopping. Subscribe again, with `after`.'),
    traceId,
  );
  return {
    contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
    open: BOUNDARY,
    heartbeat: part('{}'),
    heartbeatMillis: 5_000,
    message: (message) => part(`{"payload":${message.json()}}`),
    failure: (errors) => part(JSON.stringify({ payload: { errors } })),
    completed: LAST,
    interrupted: part(JSON.stringify({ payload: null, errors: [restarting] })) + LAST,
  };
}

/** By kind. Each takes the trace id of the request. */
export const streamFormats: Readonly<Record<StreamKind, (traceId: string) => StreamFormat>> = { sse, multipart };
