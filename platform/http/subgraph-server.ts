import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { ExecutionGate, type ExecutionKind } from '../admission/execution-gate.ts';
import type { Caller } from '../caller.ts';
import { ERROR_CODES, isCommerceError } from '../errors.ts';
import { execute } from '../graphql/execute.ts';
import type { Subgraph } from '../graphql/subgraph.ts';
import type { Logger } from '../logger.ts';
import { batchMetrics } from '../micro-batch/batch-metrics.ts';
import { SignatureVerifier } from './signature.ts';

export interface SubgraphServerOptions {
  readonly subgraph: Subgraph;
  /** Shared with the gateway. */
  readonly secret: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Answers readiness: rejects when the subgraph cannot serve. */
  ready(): Promise<void>;
}

export interface RunningServer {
  readonly url: string;
  /** Finishes what runs, then closes. */
  stop(): Promise<void>;
}

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** As for a gateway: several of them may send to one subgraph what each has room for. */
const EXECUTIONS = { queries: 256, mutations: 256, patienceMillis: 2_000 };

const bodySchema = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** Serves one subgraph over HTTP to signed requests of the gateway only, `_service` and `_entities` included. */
export async function startSubgraphServer(options: SubgraphServerOptions): Promise<RunningServer> {
  const verifier = new SignatureVerifier({ secrets: [options.secret] });
  const gate = new ExecutionGate(EXECUTIONS);
  const server = createServer((request, response) => {
    handle(request, response, { ...options, verifier, gate }).catch((error: unknown) => {
      options.logger.error({ err: error }, 'subgraph request failed');
      if (!response.headersSent) answer(response, 500, problem('INTERNAL_SERVER_ERROR', 'Internal error.'));
      else response.destroy();
    });
  });
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}/graphql`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { verifier, gate, ...options }: SubgraphServerOptions & { verifier: SignatureVerifier; gate: ExecutionGate },
): Promise<void> {
  const path = request.url ?? '/';
  if (request.method === 'GET' && path === '/health/live') return answer(response, 200, { status: 'live' });
  if (request.method === 'GET' && path === '/health/ready') {
    const ready = await options.ready().then(
      () => true,
      () => false,
    );
    return answer(response, ready ? 200 : 503, {
      status: ready ? 'ready' : 'not ready',
      subgraph: options.subgraph.name,
    });
  }
  if (request.method === 'GET' && path === '/metrics') {
    const text = await batchMetrics.metrics();
    response.writeHead(200, { 'content-type': batchMetrics.contentType, 'cache-control': 'no-store' }).end(text);
    return;
  }
  if (request.method !== 'POST' || path !== '/graphql')
    return answer(response, 404, problem('NOT_FOUND', 'Only POST /graphql is served here.'));
  const body = await readBody(request);
  if (body === null) return answer(response, 413, problem('BAD_USER_INPUT', 'The request is too large.'));

  let caller: Caller;
  try {
    caller = verifier.verify({ method: 'POST', path, body, headers: request.headers });
  } catch (error) {
    options.logger.warn({ reason: isCommerceError(error) ? error.message : 'unreadable' }, 'unsigned request refused');
    return answer(response, 401, problem('UNAUTHENTICATED', 'Only signed requests of the gateway are served.'));
  }
  const parsed = bodySchema.safeParse(parseJson(body));
  if (!parsed.success) return answer(response, 400, problem('BAD_USER_INPUT', 'The body is not a GraphQL request.'));

  const gone = new AbortController();
  response.on('close', () => gone.abort());
  // The gateway sends nothing but whole operations, each with its kind in front.
  const kind: ExecutionKind = parsed.data.query.startsWith('mutation') ? 'mutation' : 'query';
  const work = () => execute(options.subgraph, { ...parsed.data, caller, signal: gone.signal }, options.logger);
  answer(response, 200, await gate.pass(kind, work, gone.signal).catch(notExecuted));
}

/** Nothing was done: there was no room, or nobody waits any more. */
function notExecuted(error: unknown): object {
  if (!isCommerceError(error)) throw error;
  return problem(error.code, error.message, { retryable: ERROR_CODES[error.code].retryable, ...error.details });
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

function problem(code: string, message: string, details: object = {}): object {
  return { errors: [{ message, extensions: { code, ...details } }] };
}

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
