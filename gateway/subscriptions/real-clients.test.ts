import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fetchExchange, subscriptionExchange, Client as UrqlClient } from '@urql/core';
import { EventSource } from 'eventsource';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient, type Client as SocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { LiveGraph } from '../../test/helpers/live-graph.ts';
import { type LiveServer, startLiveServer } from '../../test/helpers/live-server.ts';
import { ORDER } from '../../test/helpers/watching.ts';

interface Change {
  sequence: string;
  snapshot: boolean;
  status: string;
}
type Result = { data?: { orderStatusChanged?: Change } | null | undefined };

/** What a client has received. */
class Received {
  readonly changes: Change[] = [];
  #wake: () => void = () => {};

  readonly take = (result: unknown): void => {
    const change = (result as Result).data?.orderStatusChanged;
    if (change) this.changes.push(change);
    this.#wake();
  };

  get last(): string | null {
    return this.changes.at(-1)?.sequence ?? null;
  }

  async statuses(count: number): Promise<string[]> {
    while (this.changes.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.changes.map((change) => (change.snapshot ? `(${change.status})` : change.status));
  }
}

const KEY = { 'x-api-key': 'dev-storefront' };
const EVERYTHING = ['(VALIDATED)', 'ACCEPTED', 'ALLOCATED', 'IN_FULFILLMENT', 'SHIPPED', 'DELIVERED'];

let server: LiveServer;
let graph: LiveGraph;
const cleanUp: (() => unknown)[] = [];
beforeEach(async () => {
  server = await startLiveServer();
  graph = server.graph;
  graph.place({ id: 'o1' });
});
afterEach(async () => {
  for (const each of cleanUp.splice(0)) await each();
  await server.stop();
  await graph.close();
});

/** Changes the order while the client is connected, while there is no server, and after there is one again. */
async function throughARestart(received: Received): Promise<string[]> {
  await received.statuses(1);
  graph.advance('o1', 'ACCEPTED');
  graph.advance('o1', 'ALLOCATED');
  await received.statuses(3);
  const { port } = server;
  await server.stop();
  graph.advance('o1', 'IN_FULFILLMENT');
  graph.advance('o1', 'SHIPPED');
  server = await startLiveServer({ graph, port });
  await received.statuses(5);
  graph.advance('o1', 'DELIVERED');
  return received.statuses(6);
}

function socketClient(): SocketClient {
  const client = createSocketClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: KEY,
    retryAttempts: 20,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
  cleanUp.push(() => client.dispose());
  return client;
}

/**
 * As in docs/subscriptions.md: keeps `after` up to date, so that a reconnect of graphql-ws, which sends the same payload
 * again, resumes where it was.
 */
function resuming(client: SocketClient): SocketClient {
  return {
    ...client,
    subscribe(payload, sink) {
      const variables: Record<string, unknown> = { ...payload.variables };
      return client.subscribe(
        { ...payload, variables },
        {
          ...sink,
          next(result) {
            for (const change of Object.values(result.data ?? {}) as { sequence?: string }[]) {
              if (change?.sequence) variables.after = change.sequence;
            }
            sink.next(result as never);
          },
        },
      );
    },
  };
}

describe('a client loses nothing and gets nothing twice over a restart of the gateway', () => {
  it('graphql-ws', async () => {
    const received = new Received();
    resuming(socketClient()).subscribe(
      { query: ORDER, variables: { id: 'o1' } },
      { next: received.take, error: () => undefined, complete: () => undefined },
    );
    expect(await throughARestart(received)).toEqual(EVERYTHING);
  });

  it('graphql-sse', async () => {
    const received = new Received();
    const client = createSseClient({
      url: server.url,
      headers: KEY,
      retryAttempts: 20,
      retry: () => new Promise((resolve) => setTimeout(resolve, 50)),
    });
    cleanUp.push(() => client.dispose());
    const variables: { id: string; after?: string } = { id: 'o1' };
    client.subscribe(
      { query: ORDER, variables },
      {
        next: (result) => {
          received.take(result);
          if (received.last) variables.after = received.last;
        },
        error: () => undefined,
        complete: () => undefined,
      },
    );
    expect(await throughARestart(received)).toEqual(EVERYTHING);
  });

  it("the browser's EventSource, which needs nothing but its Last-Event-ID", async () => {
    const received = new Received();
    const url = `${server.url}?${new URLSearchParams({ query: ORDER, variables: JSON.stringify({ id: 'o1' }) })}`;
    const source = new EventSource(url, {
      fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...KEY } }),
    });
    cleanUp.push(() => source.close());
    source.addEventListener('next', (event) => received.take(JSON.parse(event.data)));
    expect(await throughARestart(received)).toEqual(EVERYTHING);
  });

  it('Apollo Client over multipart', async () => {
    const received = new Received();
    const client = new ApolloClient({
      link: new HttpLink({ uri: server.url, headers: KEY }),
      cache: new InMemoryCache(),
    });
    cleanUp.push(() => client.stop());
    const subscribe = (): void => {
      const subscription = client
        .subscribe({ query: gql(ORDER), variables: { id: 'o1', after: received.last }, fetchPolicy: 'no-cache' })
        .subscribe({
          next: (result) => {
            received.take(result);
            if (result.error) again();
          },
          error: () => again(),
        });
      const again = () => {
        subscription.unsubscribe();
        setTimeout(subscribe, 50);
      };
      cleanUp.push(() => subscription.unsubscribe());
    };
    subscribe();
    expect(await throughARestart(received)).toEqual(EVERYTHING);
  });

  it('Apollo Client over graphql-ws', async () => {
    const received = new Received();
    const link = new GraphQLWsLink(resuming(socketClient()));
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    cleanUp.push(() => client.stop());
    const subscription = client
      .subscribe({ query: gql(ORDER), variables: { id: 'o1' }, fetchPolicy: 'no-cache' })
      .subscribe({ next: received.take });
    cleanUp.push(() => subscription.unsubscribe());
    expect(await throughARestart(received)).toEqual(EVERYTHING);
  });

  it('urql over graphql-ws', async () => {
    const received = new Received();
    const socket = resuming(socketClient());
    const client = new UrqlClient({
      url: server.url,
      preferGetMethod: false,
      exchanges: [
        subscriptionExchange({
          forwardSubscription: ({ query, variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe({ query: query ?? '', variables: variables ?? {} }, sink as never),
            }),
          }),
        }),
      ],
    });
    const subscription = client.subscription(ORDER, { id: 'o1' }).subscribe(received.take);
    cleanUp.push(() => subscription.unsubscribe());
    expect(await throughARestart(received)).toEqual(EVERYTHING);
  });
});

it('urql takes subscriptions over HTTP too', async () => {
  const received = new Received();
  const client = new UrqlClient({
    url: server.url,
    preferGetMethod: false,
    fetchSubscriptions: true,
    fetchOptions: { headers: KEY },
    exchanges: [fetchExchange],
  });
  const query = await client.query('{ order(id: "o1") { number } }', {}).toPromise();
  expect(query.data).toEqual({ order: { number: 'no-o1' } });
  const subscription = client.subscription(ORDER, { id: 'o1' }).subscribe(received.take);
  cleanUp.push(() => subscription.unsubscribe());
  await received.statuses(1);
  graph.advance('o1', 'ACCEPTED');
  expect(await received.statuses(2)).toEqual(['(VALIDATED)', 'ACCEPTED']);
});

describe('a refusal reaches the application', () => {
  it('graphql-ws', async () => {
    const refused = new Promise((_, reject) => {
      socketClient().subscribe(
        { query: ORDER, variables: { id: 'missing' } },
        { next: () => undefined, error: reject, complete: () => undefined },
      );
    });
    await expect(refused).rejects.toMatchObject([
      { message: 'There is no such order.', extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  it('graphql-sse', async () => {
    const client = createSseClient({ url: server.url, headers: KEY });
    const results = [];
    for await (const result of client.iterate({ query: ORDER, variables: { id: 'missing' } })) results.push(result);
    expect(results).toMatchObject([{ errors: [{ extensions: { code: 'NOT_FOUND' } }] }]);
  });

  it('Apollo Client over multipart', async () => {
    const client = new ApolloClient({
      link: new HttpLink({ uri: server.url, headers: KEY }),
      cache: new InMemoryCache(),
    });
    cleanUp.push(() => client.stop());
    const result = await new Promise((resolve, reject) => {
      client.subscribe({ query: gql(ORDER), variables: { id: 'missing' } }).subscribe({ next: resolve, error: reject });
    });
    expect(result).toMatchObject({ error: { errors: [{ extensions: { code: 'NOT_FOUND' } }] } });
  });
});
