import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Caller } from '../platform/caller.ts';
import type { Admission } from './guards/request-guard.ts';
import type { ContractSnapshot } from './snapshot.ts';

/** A request over HTTP that may be a subscription, after authentication, routing and the guards. */
export interface StreamRequest {
  /** The contract that serves the request. Take `contract.path` and ask the runtime again after a swap. */
  readonly contract: ContractSnapshot;
  /** Speaks this contract; carries the trace id of the request. */
  readonly caller: Caller;
  /** With the parameters of a POST body, or of a GET's search. */
  readonly admission: Admission;
}

/** Lets a browser's EventSource in, which cannot send a credential in a header. */
export interface StreamTicketDoor {
  /**
   * Asked before a request to the GraphQL endpoint is authenticated.
   * @returns true when the request was for a ticket and has been answered
   * @throws CommerceError UNAUTHENTICATED | OVERLOADED
   */
  handle(request: IncomingMessage, response: ServerResponse, url: URL, traceId: string): Promise<boolean>;
}

/** What the HTTP server hands over: everything that outlives one answer. Implemented in gateway/subscriptions. */
export interface SubscriptionTransport {
  readonly tickets: StreamTicketDoor;
  /**
   * Called for each GraphQL request before it is executed.
   * @returns false when it is not a subscription: nothing was written; otherwise settles when the stream has ended
   */
  handleHttp(request: IncomingMessage, response: ServerResponse, stream: StreamRequest): false | Promise<void>;
  /**
   * Tells a client why the guards refused its request, if it takes nothing but a stream.
   * @returns false when it takes an ordinary answer, or when the error is for the HTTP status to tell
   */
  refuseHttp(
    request: IncomingMessage,
    response: ServerResponse,
    error: unknown,
    traceId: string,
  ): false | Promise<void>;
  /** Takes over a WebSocket. Authenticates from the `connection_init` payload; routes by `routeContract`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Subscriptions that are open, and the groups that share their executions. */
  counts(): { readonly subscribers: number; readonly groups: number };
  /** Ends all streams in a way that makes clients reconnect. */
  stop(): Promise<void>;
}
