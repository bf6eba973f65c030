import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import type { Authenticate } from '../access/grant.ts';
import { StreamTickets } from './stream-ticket.ts';
import { TicketDoor } from './ticket-door.ts';

let now = 0;
const clock = { now: () => new Date(now) };
const authenticate: Authenticate = async (credentials, traceId) => {
  if (credentials['x-api-key'] !== 'dev-storefront') throw new CommerceError('UNAUTHENTICATED', 'unknown key');
  return { contracts: ['storefront'], caller: callerOf({ traceId }) };
};

let server: Server;
let base: string;
beforeEach(async () => {
  now = 1_000_000;
  const door = new TicketDoor({ addressOf: () => '127.0.0.1', authenticate, clock });
  // What the gateway does with every request on /graphql, and then a stream of one message.
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://gateway');
    door
      .handle(request, response, url, '0'.repeat(32))
      .then(async (answered) => {
        if (answered) return;
        await authenticate(request.headers, '');
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .end('event: next\ndata: hello\n\nevent: complete\ndata:\n\n');
      })
      .catch((error: unknown) => response.writeHead(isCommerceError(error) ? 401 : 500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function ticket(): Promise<string> {
  const response = await fetch(`${base}/stream-ticket`, { method: 'POST', headers: { 'x-api-key': 'dev-storefront' } });
  expect(response.status).toBe(201);
  expect(response.headers.get('cache-control')).toBe('no-store');
  const answer = (await response.json()) as { ticket: string; expiresInSeconds: number };
  expect(answer).toEqual({ ticket: expect.stringMatching(/^[\w-]{32}$/), expiresInSeconds: 30 });
  return answer.ticket;
}

const status = async (query: string, init?: RequestInit) => (await fetch(`${base}${query}`, init)).status;

describe('stream tickets', () => {
  it('let an EventSource in that cannot set headers', async () => {
    const source = new EventSource(`${base}?ticket=${await ticket()}`);
    const data = await new Promise((resolve) => source.addEventListener('next', (event) => resolve(event.data)));
    source.close();
    expect(data).toBe('hello');
  });

  it('are given for a valid credential only, by POST only', async () => {
    expect(await status('/stream-ticket', { method: 'POST' })).toBe(401);
    expect(await status('/stream-ticket', { method: 'POST', headers: { 'x-api-key': 'nobody' } })).toBe(401);
    expect(await status('?x-api-key=dev-storefront')).toBe(401);
  });

  it('work once, for thirty seconds, on a GET', async () => {
    const used = await ticket();
    expect(await status(`?ticket=${used}`)).toBe(200);
    expect(await status(`?ticket=${used}`)).toBe(401);
    const late = await ticket();
    now += 30_000;
    expect(await status(`?ticket=${late}`)).toBe(401);
    expect(await status(`?ticket=${await ticket()}`, { method: 'POST' })).toBe(401);
    expect(await status('?ticket=guessed')).toBe(401);
  });
});

it('does not keep tickets that nobody used, nor more than it can hold', () => {
  const tickets = new StreamTickets(clock);
  for (let index = 0; index < 10_000; index++) expect(tickets.issue({ 'x-api-key': 'k' })).not.toBeNull();
  expect(tickets.issue({ 'x-api-key': 'k' })).toBeNull();
  now += 30_000;
  expect(tickets.issue({ 'x-api-key': 'k' })).not.toBeNull();
});
