import { Pool } from 'undici';
import { signRequest } from '../../platform/http/signature.ts';
import { createTraceparent } from '../trace.ts';
import { createDataSource, type DataSourceOptions, type SubgraphFetch, type SubgraphSource } from './data-source.ts';
import { JsonAnswer } from './json-answer.ts';

export interface HttpDataSourceOptions extends DataSourceOptions {
  readonly url: string;
  /** Shared with the subgraphs; see platform/http/signature.ts. */
  readonly secret: string;
  /** Most connections to this subgraph. Default 64. */
  readonly connections?: number;
  /** Longest answer that is read, in bytes. Default 16 MiB. */
  readonly maxAnswerBytes?: number;
}

export interface HttpDataSource extends SubgraphSource {
  /** Lets requests in flight finish, then closes the connections. */
  close(): Promise<void>;
}

/** Asks a subgraph over HTTP/1.1 with connections that stay open. Nothing that a client sent is forwarded but its query. */
export function httpDataSource(options: HttpDataSourceOptions): HttpDataSource {
  const url = new URL(options.url);
  const path = `${url.pathname}${url.search}`;
  const maxBytes = options.maxAnswerBytes ?? 16 * 1024 * 1024;
  const pool = new Pool(url.origin, {
    connections: options.connections ?? 64,
    pipelining: 1,
    connect: { timeout: Math.min(options.deadlineMillis, 5_000) },
    // The deadline covers these; without 0 undici would keep two more timers for each request.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const { subgraph, secret } = options;

  const send = (fetch: SubgraphFetch): Promise<unknown> => {
    const { body } = fetch;
    const headers = {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      traceparent: createTraceparent(fetch.caller.traceId),
      ...signRequest(secret, { method: 'POST', path, body, caller: fetch.caller }),
    };
    return new Promise<unknown>((resolve, reject) => {
      const reader = new JsonAnswer({ subgraph, maxBytes, cut: fetch.cut, resolve, reject });
      pool.dispatch({ method: 'POST', path, headers, body }, reader);
    });
  };

  const source = createDataSource(async (fetch) => {
    try {
      return await send(fetch);
    } catch (error) {
      // A connection that the subgraph closed while it was idle, for example because it restarts.
      if (fetch.operation.isRead && isClosedSocket(error) && !fetch.cut.aborted) return send(fetch);
      throw error;
    }
  }, options);
  return Object.assign(source, { close: () => pool.close() });
}

function isClosedSocket(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}
