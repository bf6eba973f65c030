import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { makeServer, type Server } from 'graphql-ws';
import type { Caller } from '../../platform/caller.ts';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Authenticate, Credentials } from '../access/grant.ts';
import type { RequestGuard } from '../guards/request-guard.ts';
import { routeContract } from '../http/contract-route.ts';
import { type NotServed, noLongerServed, whyNotServed } from '../http/former-version.ts';
import { NO_SUCH_CONTRACT } from '../http/problem.ts';
import type { GatewayRuntime } from '../runtime.ts';
import type { ContractSnapshot } from '../snapshot.ts';
import type { StreamRequest } from '../subscription-transport.ts';
import { readTraceId } from '../trace.ts';
import type { CredentialWatch } from './credential-watch.ts';
import type { SubscriptionHub } from './hub.ts';
import type { SubscriptionLimits } from './limits.ts';
import { formatFailure } from './live-error.ts';
import { LiveMessage } from './live-message.ts';
import type { MessageQueue } from './message-queue.ts';
import { readRequest } from './request-document.ts';
import { runOperation } from './single-operation.ts';

/** Closes of WebSocket itself, after which clients connect again. */
export const SERVICE_RESTART = 1012;
export const TRY_AGAIN_LATER = 1013;
/** Close of graphql-transport-ws for a credential that is not, or no longer, good. */
export const FORBIDDEN = 4403;

/** Closes like the statuses of HTTP: no such version of the contract, and one whose time is over. */
const UNKNOWN_VERSION = 4404;
const EXPIRED = 4410;

export interface SocketOptions {
  readonly hub: SubscriptionHub;
  readonly authenticate: Authenticate;
  readonly guard: RequestGuard;
  readonly credentialWatch: CredentialWatch;
  readonly runtime: GatewayRuntime;
  readonly limits: SubscriptionLimits;
  readonly logger: Logger;
}

/** What belongs to one WebSocket. */
export interface Connection {
  /** Network address of the client. */
  readonly address: string;
  /** Path of the request that opened it, such as /graphql/storefront. */
  readonly path: string;
  /** Credentials that came with that request; those of `connection_init` count more. */
  readonly headers: Credentials;
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal;
  close(code: number, reason: string): void;
  /**
   * Null before `connection_init`. Contracts are looked up again for each operation: a reload may have replaced them.
   * Throws CommerceError NOT_FOUND | VERSION_EXPIRED.
   */
  session: (() => { readonly contract: ContractSnapshot; readonly caller: Caller }) | null;
}

/** What `onSubscribe` hands to `subscribe` and `execute`. */
type Started =
  | { readonly kind: 'stream'; readonly queue: MessageQueue }
  | { readonly kind: 'single'; readonly result: Promise<unknown> };

/** graphql-transport-ws: subscriptions, queries and mutations over one connection. Message handling is graphql-ws's own. */
export function createSocketProtocol(options: SocketOptions): Server<Connection> {
  return makeServer<Record<string, unknown>, Connection>({
    onConnect: (context) => connect(options, context.extra, context.connectionParams ?? {}),
    onSubscribe: async (context, id, payload) => {
      const traceId = readTraceId(undefined);
      try {
        if (!context.extra.session) throw new Error('an operation came before the connection was acknowledged');
        const { caller, contract } = context.extra.session();
        if (Object.keys(context.subscriptions).length > options.limits.perConnection) {
          throw new CommerceError(
            'OVERLOADED',
            `A connection may hold ${options.limits.perConnection} operations at the same time.`,
          );
        }
        const traced = { ...caller, traceId };
        const admission = await options.guard.admit({ contract, caller: traced, parameters: { ...payload } });
        const request = readRequest(admission.parameters);
        const started = await start(options, context.extra, { contract, caller: traced, admission }, request);
        if (started.kind === 'stream' && !(id in context.subscriptions)) await started.queue.return(); // the client has left meanwhile
        return {
          schema: contract.schema,
          document: request.document,
          operationName: request.operationName,
          contextValue: started,
        };
      } catch (error) {
        return formatFailure(error, options.logger, traceId).map((told) => new ToldError(told));
      }
    },
    subscribe: ({ contextValue }) => (contextValue as Started & { kind: 'stream' }).queue as never,
    execute: ({ contextValue }) => (contextValue as Started & { kind: 'single' }).result as never,
    onNext: (_context, _id, _payload, _args, result) =>
      (result instanceof LiveMessage ? result.result : result) as never,
    onError: (_context, _id, _payload, errors) =>
      errors.map((error) => (error instanceof ToldError ? error.told : error.toJSON())),
  });
}

async function connect(
  options: SocketOptions,
  connection: Connection,
  params: Record<string, unknown>,
): Promise<boolean> {
  const credentials = credentialsOf(connection, lowerCased(params));
  try {
    const grant = await options.authenticate(credentials, readTraceId(undefined), connection.address);
    const { runtime } = options;
    const found = routeContract(runtime, connection.path, grant);
    if (connection.closed.aborted) return false;
    if (!found) return refuseContract(connection, whyNotServed(runtime, connection.path, grant));
    connection.session = () => {
      const session = routeContract(runtime, connection.path, grant);
      if (!session) throw noLongerServed(runtime, found.contract.path);
      return session;
    };
    const stopWatching = options.credentialWatch.watch(credentials, found.caller, () =>
      connection.close(FORBIDDEN, 'Forbidden'),
    );
    connection.closed.addEventListener('abort', stopWatching, { once: true });
    return true;
  } catch (error) {
    if (isCommerceError(error) && (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN')) {
      options.logger.info({ code: error.code, transport: 'websocket' }, 'request refused');
      return false;
    }
    formatFailure(error, options.logger, '');
    connection.close(TRY_AGAIN_LATER, 'Try again later');
    return false;
  }
}

/** Closes with what HTTP answers with a status; what others may speak is refused like a credential that is not good. */
function refuseContract(connection: Connection, { code, message, expired }: NotServed): false {
  if (expired)
    connection.close(EXPIRED, closeReason(`${code} ${expired.version.sunset}: ${expired.version.migration}`));
  else if (message !== NO_SUCH_CONTRACT) connection.close(UNKNOWN_VERSION, closeReason(message));
  return false;
}

/** A close frame has room for 123 bytes of reason. The rest of it is what HTTP answers at the same address. */
function closeReason(text: string): string {
  const words = text.trim();
  if (Buffer.byteLength(words) <= 123) return words;
  let cut = words;
  while (Buffer.byteLength(cut) > 120) cut = cut.slice(0, -1);
  return `${cut.trimEnd()}…`;
}

/** A credential in the payload replaces those of the request: the two may be of different kinds. */
function credentialsOf(connection: Connection, params: Record<string, unknown>): Credentials {
  const brings = 'x-api-key' in params || 'authorization' in params;
  return brings ? params : { ...connection.headers, ...params };
}

async function start(
  { hub, limits }: SocketOptions,
  connection: Connection,
  { contract, caller, admission }: StreamRequest,
  request: ReturnType<typeof readRequest>,
): Promise<Started> {
  if (request.operation !== 'subscription') {
    const signal = AbortSignal.any([connection.closed, AbortSignal.timeout(limits.executionMillis)]);
    return {
      kind: 'single',
      result: Promise.resolve(await runOperation(contract, request, { caller, signal, admission })),
    };
  }
  const { queue } = await hub.subscribe({ contract, caller, request, lastEventId: null });
  void queue.ended.then((end) => {
    // A client that does not read would not read an error either; after this close it connects again and resumes.
    if (end.kind === 'failed' && end.errors[0]?.extensions?.code === 'SLOW_SUBSCRIBER')
      connection.close(TRY_AGAIN_LATER, 'SLOW_SUBSCRIBER');
  });
  return { kind: 'stream', queue };
}

/** Carries an error through graphql-ws exactly as the client is to see it. */
class ToldError extends GraphQLError {
  readonly told: GraphQLFormattedError;

  constructor(told: GraphQLFormattedError) {
    super(told.message);
    this.told = told;
  }
}

function lowerCased(params: Readonly<Record<string, unknown>>): Credentials {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name.toLowerCase(), value]));
}
