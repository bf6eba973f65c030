import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Caller } from '../platform/caller.ts';
import type { ContractSnapshot } from './snapshot.ts';

/** The parameters of a GraphQL request, as they came: nothing is checked but that they are one JSON object. */
export type GraphQLParameters = Readonly<Record<string, unknown>>;

/** A request over HTTP that may be a subscription, after authentication and routing. */
export interface StreamRequest {
  /** The contract that serves the request. Take `contract.path` and ask the runtime again after a swap. */
  readonly contract: ContractSnapshot;
  /** Speaks this contract; carries the trace id of the request. */
  readonly caller: Caller;
  /** `query`, `variables`, `operationName`, `extensions` of a POST body, or of a GET's search parameters. */
  readonly body: GraphQLParameters;
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
  /** Takes over a WebSocket. Authenticates from the `connection_init` payload; routes by `routeContract`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends all streams in a way that makes clients reconnect. */
  stop(): Promise<void>;
}
