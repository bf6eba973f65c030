import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A place between a client and a system that loses what it is told to lose. */
export interface LossyProxy {
  readonly url: string;
  /** Header `authorization` of the last request. */
  readonly lastAuthorization: () => string | undefined;
  /** Requests so far whose body contains a text. */
  count(text: string): number;
  /** Of the next request whose body contains it: the answer (it was done), or the request itself (it was not). */
  loseNext(text: string, what: 'answer' | 'request'): void;
  stop(): Promise<void>;
}

/** @param target address that everything is passed on to */
export async function startLossyProxy(target: string): Promise<LossyProxy> {
  const bodies: string[] = [];
  let authorization: string | undefined;
  let loss: { readonly text: string; readonly what: 'answer' | 'request' } | null = null;
  const server = createServer((request, response) => {
    void pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    bodies.push(body);
    authorization = request.headers.authorization;
    const lost = loss !== null && body.includes(loss.text) ? loss : null;
    if (lost) loss = null;
    if (lost?.what === 'request') return void response.destroy();
    const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
    const answer = await fetch(target, { method: 'POST', headers, body });
    const text = await answer.text();
    if (lost) return void response.destroy();
    response.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => !['content-length', 'content-encoding', 'transfer-encoding', 'connection'].includes(name)))); // biome-ignore format: one thought
    response.end(text);
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lastAuthorization: () => authorization,
    count: (text) => bodies.filter((body) => body.includes(text)).length,
    loseNext(text, what) {
      loss = { text, what };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
