import type { EventLog } from '../../events/port.ts';
import type { Tail } from '../../events/tail.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Authenticate } from '../access/grant.ts';
import type { ClientAddress } from '../guards/client-address.ts';
import type { RequestGuard } from '../guards/request-guard.ts';
import type { GatewayRuntime } from '../runtime.ts';
import type { SubscriptionTransport } from '../subscription-transport.ts';
import { CredentialWatch } from './credential-watch.ts';
import { HttpDoor } from './http-door.ts';
import { SubscriptionHub } from './hub.ts';
import { DEFAULT_LIMITS, type SubscriptionLimits } from './limits.ts';
import { SocketTransport } from './socket.ts';
import { TicketDoor } from './ticket-door.ts';

export interface SubscriptionsOptions {
  readonly runtime: GatewayRuntime;
  readonly authenticate: Authenticate;
  readonly addressOf: ClientAddress;
  readonly guard: RequestGuard;
  readonly log: EventLog;
  readonly tail: Tail;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly limits?: Partial<SubscriptionLimits>;
  /** Milliseconds between two looks at the credentials of open streams. */
  readonly recheckMillis?: number;
}

export interface Subscriptions extends SubscriptionTransport {
  /** To be asked before a request on `/graphql` is authenticated. */
  readonly tickets: TicketDoor;
}

/** Live subscriptions over WebSocket, SSE and multipart, fed by the event log. */
export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { runtime, authenticate, addressOf, guard, log, tail, logger, clock = systemClock } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const hub = new SubscriptionHub({ runtime, log, tail, clock, logger, limits });
  const credentialWatch = new CredentialWatch(authenticate, options.recheckMillis);
  const door = new HttpDoor({ hub, credentialWatch, limits, logger });
  const sockets = new SocketTransport({
    hub,
    authenticate,
    addressOf,
    guard,
    credentialWatch,
    runtime,
    limits,
    logger,
  });
  return {
    tickets: new TicketDoor({ authenticate, addressOf, clock }),
    handleHttp: (request, response, asked) => door.handle(request, response, asked),
    refuseHttp: (...refused) => door.refuse(...refused),
    handleUpgrade: (request, socket, head) => sockets.handleUpgrade(request, socket, head),
    counts: () => hub.counts,
    async stop() {
      // Sockets first: once they are closing, the end of their subscriptions is no "complete" to the client.
      const socketsClosed = sockets.stop();
      hub.stop();
      await Promise.all([socketsClosed, door.drained()]);
    },
  };
}
