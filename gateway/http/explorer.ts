import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { DEVELOPMENT_KEYS } from '../access/development-access.ts';
import { contractNamed } from './contract-route.ts';
import { FIRST_QUERIES } from './first-queries.ts';

/** The page brings all it needs. Even if it wanted to, the browser would load nothing from elsewhere for it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface Page {
  /** Some 2 MB instead of 9: the form in which nearly everyone gets it, and the only one that is kept. */
  readonly gzipped: Buffer;
  readonly etag: string;
}

/** Whether a browser asks for a page, rather than a client for an answer. */
export function wantsPage(request: IncomingMessage, url: URL): boolean {
  const accept = request.headers.accept ?? '';
  return request.method === 'GET' && /\btext\/html\b/.test(accept) && !url.searchParams.has('query');
}

/** GraphiQL on the contract whose path is asked for, with a first query and, outside production, a key that works. */
export class Explorer {
  readonly #withKeys: boolean;
  readonly #pages = new Map<string, Promise<Page>>();

  constructor(options: { production: boolean }) {
    this.#withKeys = !options.production;
  }

  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const page = await this.#pageFor(contractNamed(url.pathname));
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('cache-control', 'no-cache');
    response.setHeader('vary', 'accept-encoding');
    response.setHeader('etag', page.etag);
    if (request.headers['if-none-match'] === page.etag) {
      response.writeHead(304).end();
      return;
    }
    const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    if (takesGzip) response.setHeader('content-encoding', 'gzip');
    const body = takesGzip ? page.gzipped : await promisify(gunzip)(page.gzipped);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length });
    response.end(body);
  }

  /** A contract without a page of its own gets the same page as any word: it tells nobody which contracts there are. */
  #pageFor(contract: string | null): Promise<Page> {
    const own = this.#withKeys && contract !== null && Object.hasOwn(DEVELOPMENT_KEYS, contract) ? contract : null;
    const known = this.#pages.get(own ?? '');
    if (known) return known;
    const page = this.#render(own);
    this.#pages.set(own ?? '', page);
    return page;
  }

  async #render(contract: string | null): Promise<Page> {
    const name = contract ?? 'storefront';
    const key = this.#withKeys ? (DEVELOPMENT_KEYS[name]?.key ?? '') : '';
    const headers = JSON.stringify({ 'x-api-key': key }, null, 2);
    const html = renderGraphiQL({
      title: `Commerce API: ${name}`,
      endpoint: contract === null ? '/graphql' : `/graphql/${contract}`,
      headers,
      defaultTabs: (FIRST_QUERIES[name] ?? []).map((tab) => ({ ...tab, headers })),
      subscriptionsProtocol: 'SSE',
    });
    const etag = createHash('sha256').update(html).digest('base64url').slice(0, 22);
    return { gzipped: await promisify(gzip)(html), etag: `"${etag}"` };
  }
}
