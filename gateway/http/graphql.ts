import type { IncomingMessage, ServerResponse } from 'node:http';
import { HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import type { FormattedExecutionResult } from 'graphql';
import { overloaded } from '../../platform/admission/overloaded.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Authenticate } from '../access/grant.ts';
import { sealError } from '../client-errors.ts';
import { createContext } from '../context.ts';
import type { ContractServers } from '../contract-servers.ts';
import { answerBytes, type WrittenData } from '../execution/written-data.ts';
import type { GraphQLParameters } from '../graphql-parameters.ts';
import type { ClientAddress } from '../guards/client-address.ts';
import type { Admission, RequestGuard } from '../guards/request-guard.ts';
import type { GatewayRuntime } from '../runtime.ts';
import type { SubscriptionTransport } from '../subscription-transport.ts';
import { compressed } from './compressed.ts';
import { routeContract } from './contract-route.ts';
import { Doorway } from './doorway.ts';
import { formerVersionHeaders, notServed } from './former-version.ts';
import { HttpProblem } from './problem.ts';
import { readJsonBody } from './read-body.ts';

export interface GraphQLEndpointOptions {
  readonly runtime: GatewayRuntime;
  readonly servers: ContractServers;
  readonly authenticate: Authenticate;
  readonly addressOf: ClientAddress;
  readonly guard: RequestGuard;
  readonly subscriptions: SubscriptionTransport;
  /** Longest time that a query may take as a whole, in milliseconds. */
  readonly requestTimeoutMillis: number;
}

export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly traceId: string;
  /** When the request came: milliseconds of `performance.now()`. */
  readonly askedAt: number;
}

/** GraphQL over HTTP on `/graphql`, `/graphql/<contract>` and `/graphql/<contract>/<version>`. */
export class GraphQLEndpoint {
  readonly #options: GraphQLEndpointOptions;
  readonly #doorway: Doorway;
  /** Requests that were begun and are not answered, without streams. */
  #inside = 0;

  constructor(options: GraphQLEndpointOptions) {
    this.#options = options;
    this.#doorway = new Doorway(options.guard.patienceMillis);
  }

  /**
   * Answers one request.
   * @returns the path of the contract that served it; null when none was needed
   * @throws HttpProblem or CommerceError before anything was written
   */
  async handle(exchange: HttpExchange): Promise<string | null> {
    // Before anything is read: beyond this even refusing one by one would take longer than clients wait.
    if (this.#inside >= this.#options.guard.room) throw overloaded();
    this.#inside++;
    let isInside = true;
    const leave = () => {
      if (isInside) this.#inside--;
      isInside = false;
    };
    try {
      return await this.#answer(exchange, leave);
    } finally {
      leave();
    }
  }

  /** @param leave to be called when the request needs no room any more, though it goes on */
  async #answer({ request, response, url, traceId, askedAt }: HttpExchange, leave: () => void): Promise<string | null> {
    const { addressOf, authenticate, guard, runtime, servers, subscriptions } = this.#options;
    if (await subscriptions.tickets.handle(request, response, url, traceId)) return null;
    const grant = await authenticate(request.headers, traceId, addressOf(request));
    const route = routeContract(runtime, url.pathname, grant);
    if (!route) throw notServed(runtime, url.pathname, grant);
    const { contract, caller } = route;
    response.setHeader('x-contract', contract.path);
    const former = runtime.formerVersion(contract.path);
    if (former) response.setHeaders(new Map(Object.entries(formerVersionHeaders(former))));
    const body = request.method === 'POST' ? await readJsonBody(request, guard.bodyBytes(contract.name)) : undefined;
    if (Array.isArray(body)) throw new HttpProblem(400, 'BAD_REQUEST', 'Batches are not accepted: send one request.');
    const asked = parameters(body, url);
    const mayWrite = guard.mayWrite({ contract, caller, parameters: asked });
    if (!guard.hasRoomFor(mayWrite, this.#inside)) throw overloaded();
    await this.#doorway.enter(mayWrite);
    const admission = await guard.admit({ contract, caller, parameters: asked }).catch(async (error: unknown) => {
      const told = subscriptions.refuseHttp(request, response, error, traceId);
      if (told === false) throw error;
      await told;
      return null;
    });
    if (!admission) return contract.path;

    const streaming = subscriptions.handleHttp(request, response, { contract, caller, admission });
    if (streaming !== false) {
      leave();
      await streaming;
      return contract.path;
    }

    const { signal, settle } = this.#patience(response);
    try {
      const server = await servers.serverFor(contract.path);
      const httpGraphQLRequest = {
        method: request.method ?? '',
        headers: headersOf(request),
        ...admitted(admission, asked, { search: url.search, body }),
      };
      // Made when its turn has come: what waits for long would keep what it leads to from being cleared away.
      const execute = async () => {
        const context = createContext(caller, signal, { admission, askedAt, clientVersion: clientVersion(request) });
        const answer = await server.executeHTTPGraphQLRequest({ httpGraphQLRequest, context: async () => context });
        return { answer, written: context.outcome.written };
      };
      const { answer, written } = await admission.execute(execute, signal);
      await send(response, written ? answer : traced(answer, traceId), {
        written,
        accepted: request.headers['accept-encoding'],
      });
      written?.letGo();
    } finally {
      settle();
    }
    return contract.path;
  }

  /** A signal that aborts when the client hangs up, or when the request takes too long as a whole. */
  #patience(response: ServerResponse): { signal: AbortSignal; settle: () => void } {
    const controller = new AbortController();
    const tooLong = () => controller.abort(new CommerceError('SUBGRAPH_TIMEOUT', 'The answer took too long.'));
    const timer = setTimeout(tooLong, this.#options.requestTimeoutMillis);
    const onClose = () => controller.abort();
    response.once('close', onClose);
    return {
      signal: controller.signal,
      settle: () => {
        clearTimeout(timer);
        response.off('close', onClose);
      },
    };
  }
}

interface RequestParts {
  readonly search: string;
  readonly body: unknown;
}

/** The request as it came, unless its document was named by a hash: then with the document. */
function admitted({ parameters }: Admission, asked: GraphQLParameters, parts: RequestParts): RequestParts {
  if (parameters === asked) return parts;
  if (parts.body !== undefined) return { ...parts, body: parameters };
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return { ...parts, search: `?${search}` };
}

/** GraphQL parameters as a subscription transport wants them: of the body, or else of the URL. */
function parameters(body: unknown, url: URL): GraphQLParameters {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as GraphQLParameters;
  const found: Record<string, unknown> = {};
  for (const name of ['query', 'operationName', 'documentId']) {
    const value = url.searchParams.get(name);
    if (value !== null) found[name] = value;
  }
  for (const name of ['variables', 'extensions']) {
    const value = url.searchParams.get(name);
    if (value === null) continue;
    try {
      found[name] = JSON.parse(value);
    } catch {
      found[name] = value; // not an object: refused by whoever reads it
    }
  }
  return found;
}

/** What the client says of its version; only what looks like one, since it is kept. */
function clientVersion({ headers }: IncomingMessage): string {
  const said = headers['apollographql-client-version'];
  return typeof said === 'string' && /^[\w.+-]{1,32}$/.test(said) ? said : '';
}

function headersOf(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}

/** What Apollo Server refuses before it looks at the request has no context, and so no trace id yet. */
function traced(answer: HTTPGraphQLResponse, traceId: string): HTTPGraphQLResponse {
  if (answer.body.kind !== 'complete' || (answer.status ?? 200) < 400) return answer;
  const { errors = [], ...rest } = JSON.parse(answer.body.string) as FormattedExecutionResult;
  const told = errors.map((error) => sealError(error, traceId));
  return { ...answer, body: { kind: 'complete', string: JSON.stringify({ errors: told, ...rest }) } };
}

interface Sending {
  /** Data of the answer that is not in its text yet. */
  readonly written: WrittenData | undefined;
  /** Encodings that the client takes. */
  readonly accepted: string | undefined;
}

async function send(
  response: ServerResponse,
  answer: HTTPGraphQLResponse,
  { written, accepted }: Sending,
): Promise<void> {
  if (response.destroyed) return;
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  response.setHeader('cache-control', 'no-store');
  response.statusCode = answer.status ?? 200;
  if (answer.body.kind === 'complete') {
    const plain = answerBytes(answer.body.string, written);
    const short = await compressed(plain, accepted);
    if (response.destroyed) return;
    if (short) response.setHeader('content-encoding', 'gzip');
    const parts = short ? [short] : plain;
    response.setHeader(
      'content-length',
      parts.reduce((sum, { length }) => sum + length, 0),
    );
    const last = parts.at(-1);
    for (const part of parts) if (part !== last) response.write(part);
    response.end(last);
    return;
  }
  for await (const chunk of answer.body.asyncIterator) response.write(chunk);
  response.end();
}
