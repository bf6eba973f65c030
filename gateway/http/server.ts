import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../platform/logger.ts';
import { batchMetrics } from '../../platform/micro-batch/batch-metrics.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { GatewayRuntime } from '../runtime.ts';
import type { SubscriptionTransport } from '../subscription-transport.ts';
import { readTraceId } from '../trace.ts';
import { isGraphQLPath } from './contract-route.ts';
import { refuseCredentialInUrl } from './credential-in-url.ts';
import { type Explorer, wantsPage } from './explorer.ts';
import type { GraphQLEndpoint } from './graphql.ts';
import { type HealthOptions, readiness } from './health.ts';
import { HttpProblem, sendJson, sendProblem, toProblem } from './problem.ts';

/** How long a client may take to send a request, in milliseconds. */
export interface Patience {
  /** Until the last header has come. */
  readonly headers: number;
  /** Until the whole request has come. */
  readonly request: number;
  /** Between two looks at who has taken too long. */
  readonly check: number;
}

/** A client that sends its request drop by drop holds a connection, and nothing else, for so long. */
const PATIENCE: Patience = { headers: 10_000, request: 30_000, check: 5_000 };

export interface HttpServerOptions {
  /** Default: {@link PATIENCE}. */
  readonly patience?: Patience;
  readonly endpoint: GraphQLEndpoint;
  readonly explorer: Explorer;
  readonly subscriptions: SubscriptionTransport;
  readonly runtime: GatewayRuntime;
  readonly health: HealthOptions;
  readonly metrics: GatewayMetrics;
  /** Further numbers for Prometheus, as text. */
  readonly moreMetrics?: (() => Promise<string>) | undefined;
  readonly logger: Logger;
}

/** Connections that the kernel keeps while this thread is busy: a burst is told OVERLOADED, not left without an answer. */
const BACKLOG = 4_096;

/** What is answered to bytes that never became a request, by Node's code; otherwise 400. */
const BROKEN_REQUESTS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** The one door: routes, traces, measures, and closes without dropping anybody. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  #draining = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { headers, request: whole, check } = options.patience ?? PATIENCE;
    this.#server = createServer(
      {
        headersTimeout: headers,
        requestTimeout: whole,
        connectionsCheckingInterval: check,
        keepAliveTimeout: 65_000,
        maxHeaderSize: 16_384,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      const status = BROKEN_REQUESTS[error.code ?? ''] ?? '400 Bad Request';
      if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    });
  }

  /** @returns the port, also when 0 asked for any */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host, backlog: BACKLOG }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Takes no new connection, lets requests in flight finish, then closes what is left.
   * @param graceMillis how long they may take
   */
  async stop(graceMillis: number): Promise<void> {
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const response of this.#open) if (!response.headersSent) response.shouldKeepAlive = false;
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), graceMillis);
    // Streams would last for ever: they end in a way that makes their clients come back, to another process.
    await Promise.all([closed, this.#options.subscriptions.stop()]);
    clearTimeout(timer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const askedAt = performance.now();
    const traceId = readTraceId(request.headers.traceparent);
    this.#open.add(response);
    if (this.#draining) response.shouldKeepAlive = false;
    response.setHeader('x-trace-id', traceId);
    let contract: string | null = null;
    const url = parseUrl(request);
    const isGraphQL = url !== null && isGraphQLPath(url.pathname);
    response.once('close', () => {
      this.#open.delete(response);
      const seconds = (performance.now() - askedAt) / 1_000;
      if (isGraphQL) this.#options.metrics.observeRequest(contract, response.statusCode, seconds);
    });
    try {
      if (!url) throw new HttpProblem(400, 'BAD_REQUEST', 'The URL is malformed.');
      if (isGraphQL) refuseCredentialInUrl(url);
      if (isGraphQL && !wantsPage(request, url)) {
        contract = await this.#options.endpoint.handle({ request, response, url, traceId, askedAt });
      } else await this.#route(request, response, url);
    } catch (error) {
      this.#refuse(response, error, traceId);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { explorer, health, metrics, moreMetrics, runtime } = this.#options;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new HttpProblem(405, 'BAD_REQUEST', 'Only GET is served here.', { allow: 'GET, HEAD' });
    }
    if (url.pathname === '/' || isGraphQLPath(url.pathname)) return explorer.handle(request, response, url);
    switch (url.pathname) {
      case '/health/live':
        return sendJson(response, 200, { status: 'live' });
      case '/health/ready': {
        const report = await readiness(health, this.#draining ? null : runtime);
        return sendJson(response, report.status, report.body);
      }
      case '/metrics':
        response.writeHead(200, { 'content-type': metrics.registry.contentType, 'cache-control': 'no-store' });
        // Those of the batches are there when the subgraphs run in this process.
        response.end(
          [await metrics.registry.metrics(), await batchMetrics.metrics(), await moreMetrics?.()].join('\n'),
        );
        return;
      default:
        throw new HttpProblem(404, 'NOT_FOUND', 'There is nothing here.');
    }
  }

  #refuse(response: ServerResponse, error: unknown, traceId: string): void {
    const problem = toProblem(error);
    const { logger } = this.#options;
    // That there was no room is told by metrics: a stack per refusal would take what is left of it.
    if (problem.status < 500 || problem.code === 'OVERLOADED')
      logger.info({ traceId, status: problem.status, code: problem.code }, 'request refused');
    else {
      const fault = error instanceof Error ? { type: error.name, stack: error.stack?.split('\n').slice(1) } : {};
      logger.error({ traceId, status: problem.status, code: problem.code, err: fault }, 'request failed');
    }
    if (response.headersSent) response.destroy();
    else sendProblem(response, problem, traceId);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = parseUrl(request);
    if (this.#draining || !url || !isGraphQLPath(url.pathname)) {
      const status = this.#draining ? '503 Service Unavailable' : '404 Not Found';
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    try {
      refuseCredentialInUrl(url);
    } catch {
      this.#options.logger.info({ status: 401, code: 'UNAUTHENTICATED' }, 'request refused');
      socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    this.#options.subscriptions.handleUpgrade(request, socket, head);
  }
}

function parseUrl(request: IncomingMessage): URL | null {
  return URL.canParse(request.url ?? '', 'http://gateway') ? new URL(request.url ?? '', 'http://gateway') : null;
}
