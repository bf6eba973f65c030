import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ZodError } from 'zod';
import type { Logger } from '../../platform/logger.ts';
import type { CallCounts } from './call-counts.ts';
import { faultsAfter, faultsBefore } from './fault-effects.ts';
import type { FaultBook } from './fault-rules.ts';
import { Refusal } from './refusal.ts';
import { matchRoute, type Reply, type Route } from './route.ts';

/** Largest request body. The longest order line list in the sample data (593 lines) is about 60 kB. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** How long `stop` waits for answers in progress before it cuts them. */
const STOP_GRACE_MILLIS = 2_000;

/** PostgreSQL cannot store U+0000 in text; refused here rather than as an error of ours. */
const NO_NUL = 'text must not contain U+0000';

export interface HttpServer {
  /** e.g. `http://127.0.0.1:41234`, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface HttpServerOptions {
  readonly system: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Every request but `GET /_health` must carry `authorization: Bearer <token>`. */
  readonly token: string;
  readonly routes: readonly Route[];
  readonly faults: FaultBook;
  readonly calls: CallCounts;
  readonly logger: Logger;
}

/** JSON over HTTP/1.1 for one system of record. @throws Error when the address cannot be listened on */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const stopping = new AbortController();
  const inProgress = new Map<ServerResponse, AbortController>();
  const expected = digest(`Bearer ${options.token}`);

  const server = createServer((request, response) => {
    const hangUp = new AbortController();
    inProgress.set(response, hangUp);
    response.once('close', () => {
      inProgress.delete(response);
      hangUp.abort();
    });
    if (stopping.signal.aborted) hangUp.abort();
    serve(request, response, hangUp.signal).catch((error: unknown) => {
      options.logger.error({ system: options.system, err: error }, 'answer could not be sent');
      response.destroy();
    });
  });
  // Longer than any client keeps an idle connection, so that it is never us who cut one that is about to be used.
  server.keepAliveTimeout = 65_000;

  async function serve(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://system');
    const method = request.method ?? 'GET';
    const isControl = url.pathname.startsWith('/_');
    if (url.pathname !== '/_health' && !timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
      return send(response, 401, refusalText(new Refusal(401, 'NOT_AUTHORISED', 'bearer token missing or wrong')));
    }
    if (/%00/.test(request.url ?? '')) return send(response, 400, refusalText(new Refusal(400, 'NOT_TEXT', NO_NUL)));
    const match = findRoute(method, url.pathname);
    if (match instanceof Refusal) return send(response, match.status, refusalText(match));
    if (!isControl) options.calls.count(method, match.route.path);
    const rules = isControl ? [] : options.faults.take(method, url.pathname);
    // The body is read before any fault: a client that is cut while it still writes sees another error than the fault's.
    const body = await readBody(request).catch((error: unknown) => asRefusal(error));
    if (await faultsBefore(rules, response, signal)) return;
    if (body instanceof Refusal) return send(response, body.status, refusalText(body));
    const reply = await answer(match.route, {
      params: match.params,
      query: Object.fromEntries(url.searchParams),
      body,
      signal,
    });
    const text = await faultsAfter(rules, reply, match.route.feedList, signal);
    if (text === null) response.destroy();
    else send(response, reply.status ?? 200, text);
  }

  function findRoute(method: string, path: string) {
    try {
      return (
        matchRoute(options.routes, method, path) ?? new Refusal(404, 'NO_SUCH_ROUTE', `no route ${method} ${path}`)
      );
    } catch {
      return new Refusal(400, 'MALFORMED_PATH', 'the path is not valid percent-encoding');
    }
  }

  async function answer(matched: Route, raw: Parameters<Route['answer']>[0]): Promise<Reply> {
    try {
      return await matched.answer(raw);
    } catch (error) {
      const refusal = asRefusal(error);
      if (refusal) return { status: refusal.status, body: refusalBody(refusal) };
      options.logger.error(
        { system: options.system, route: `${matched.method} ${matched.path}`, err: error },
        'request failed',
      );
      return { status: 500, body: { error: { code: 'INTERNAL', message: 'internal error' } } };
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`${options.system} cannot listen on ${options.host}:${options.port}`, { cause })),
    );
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`${options.system} has no port`);
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${address.port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MILLIS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        stopping.abort();
        for (const [response, hangUp] of inProgress) {
          response.shouldKeepAlive = false; // or the connection would stay open after its last answer
          hangUp.abort();
        }
      }),
  };
}

function send(response: ServerResponse, status: number, text: string): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    // The rest is read and dropped: leaving the loop would cut the connection before the refusal is sent.
    if (size <= MAX_BODY_BYTES) pieces.push(piece);
  }
  if (size > MAX_BODY_BYTES) throw new Refusal(413, 'TOO_LARGE', `a body has at most ${MAX_BODY_BYTES} bytes`);
  if (size === 0) return undefined;
  const text = Buffer.concat(pieces).toString('utf8');
  if (text.includes('\\u0000')) throw new Refusal(400, 'NOT_TEXT', NO_NUL);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Refusal(400, 'NOT_JSON', 'the body is not JSON');
  }
}

/** Null for what is our own fault. Values are left out of the message: they may be personal. */
function asRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (!(error instanceof ZodError)) return null;
  const issues = error.issues.slice(0, 5).map(({ path, message }) => ({ field: path.join('.') || 'request', message }));
  const where = issues.map(({ field, message }) => `${field}: ${message}`);
  return new Refusal(422, 'INVALID', where.join('; '), { fields: issues.map(({ field }) => field) });
}

const refusalBody = (refusal: Refusal) => ({
  error: { code: refusal.code, message: refusal.message, ...refusal.facts },
});
const refusalText = (refusal: Refusal) => JSON.stringify(refusalBody(refusal));
const digest = (text: string) => createHash('sha256').update(text).digest();
