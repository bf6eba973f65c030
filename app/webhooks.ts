import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { CommerceError, isCommerceError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';

/** Who takes the webhooks of an account. */
export interface WebhookTaker {
  readonly account: string;
  /** What it tells of. Default carriers. */
  readonly of?: 'carriers' | 'returns';
  /** @throws CommerceError UNAUTHENTICATED, SYSTEM_BAD_RESPONSE */
  hear(call: { method: string; headers: IncomingMessage['headers']; body: Buffer }): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;
/** A sender has so long for its call, in milliseconds. */
const REQUEST_MILLIS = 10_000;

/**
 * Takes webhooks: `POST /webhooks/carriers/<account>`, and those of returns likewise. Answers 200 once what was said is kept, so that a sender repeats what was
 * not. Nothing of a call is logged but the account and why it was refused.
 * @throws CommerceError CONFIGURATION_INVALID when the port cannot be listened on
 */
export async function startWebhooks(options: {
  readonly takers: readonly WebhookTaker[];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly logger: Logger;
}): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { logger, host } = options;
  const takers = new Map(
    options.takers.map((taker) => [`/webhooks/${taker.of ?? 'carriers'}/${taker.account}`, taker]),
  );
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  server.requestTimeout = REQUEST_MILLIS;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const status = await statusOf(request);
    response.writeHead(status, { 'content-length': 0, ...(status === 413 ? { connection: 'close' } : {}) }).end();
  }

  async function statusOf(request: IncomingMessage): Promise<number> {
    const body = await bodyOf(request);
    const taker = takers.get((request.url ?? '').replace(/\?.*$/, ''));
    if (!taker) return 404;
    if (request.method !== 'POST') return 405;
    if (body === null) return 413;
    const { account } = taker;
    try {
      await taker.hear({ method: request.method, headers: request.headers, body });
      return 200;
    } catch (error) {
      if (isCommerceError(error) && error.code === 'UNAUTHENTICATED') {
        logger.warn({ account, reason: error.message }, 'a webhook was refused');
        return 401;
      }
      if (isCommerceError(error) && error.code === 'SYSTEM_BAD_RESPONSE') {
        logger.warn({ account }, 'a webhook holds no event');
        return 400;
      }
      logger.warn({ account, err: error }, 'a webhook could not be kept; its sender has to repeat it');
      return 503;
    }
  }

  server.listen(options.port, host);
  await once(server, 'listening').catch((cause: unknown) => {
    throw new CommerceError(
      'CONFIGURATION_INVALID',
      `WEBHOOK_PORT: cannot listen on ${host}:${options.port}. One worker of a machine takes webhooks: leave it out for the others.`,
      { variables: 'WEBHOOK_PORT' },
      { cause },
    );
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return {
    url: `http://${host}:${address.port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Null when it is too large. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size <= MAX_BODY_BYTES) pieces.push(piece);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(pieces);
}
