import { ApolloGateway, LocalGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { createContext, type GatewayContext } from '../../gateway/context.ts';
import { createDataSources } from '../../gateway/data-sources/service-map.ts';
import { FederationRuntime } from '../../gateway/runtime.ts';
import { createLogger } from '../../platform/logger.ts';
import { compose, type TinySubgraph, tinySubgraph } from '../gateway/shop-graph.ts';
import { callerOf } from '../helpers/subgraph.ts';
import { examples } from './examples.ts';

process.env.APOLLO_TELEMETRY_DISABLED = 'true';
const logger = createLogger({ level: 'silent', component: 'test' });
type Result = { data?: unknown; errors?: { message: string; path?: unknown }[] };

/** Starts a server and returns what asks it. */
async function serve(
  server: ApolloServer<GatewayContext>,
): Promise<(query: string, variables?: object) => Promise<Result>> {
  await server.start();
  return async (query, variables = {}) => {
    const contextValue = createContext(callerOf({ contract: 'all' }), new AbortController().signal);
    const { body } = await server.executeOperation({ query, variables: { ...variables } }, { contextValue });
    return JSON.parse(JSON.stringify(body.kind === 'single' ? body.singleResult : null));
  };
}

function ours(graph: readonly TinySubgraph[]): ApolloServer<GatewayContext> {
  const place = { kind: 'inProcess', subgraphs: graph.map(({ subgraph }) => subgraph) } as const;
  const runtime = new FederationRuntime(compose(graph), {
    contracts: [
      {
        path: 'all/2026-11',
        name: 'all',
        version: '2026-11',
        filter: { include: null, exclude: [] },
        documents: 'open',
      },
    ],
    dataSource: createDataSources(place, { deadlineMillis: 2_000, logger }).create,
    logger,
  });
  return new ApolloServer<GatewayContext>({ gateway: runtime.gatewayFor('all/2026-11'), logger });
}

function apollos(graph: readonly TinySubgraph[]): ApolloServer<GatewayContext> {
  const schemas = new Map(graph.map(({ subgraph }) => [subgraph.name, subgraph.schema]));
  const gateway = new ApolloGateway({
    supergraphSdl: compose(graph),
    logger,
    buildService({ name }) {
      const schema = schemas.get(name);
      if (!schema) throw new GraphQLError(`no subgraph ${name}`);
      return new LocalGraphQLDataSource(schema);
    },
  });
  return new ApolloServer<GatewayContext>({ gateway, logger });
}

describe.each(examples.map((example): [string, (typeof examples)[number]] => [example.shows, example]))(
  '%s',
  (_, { graph, queries }) => {
    const servers = [ours(graph), apollos(graph)] as const;
    let askUs: Awaited<ReturnType<typeof serve>>;
    let askApollo: typeof askUs;
    beforeAll(async () => {
      [askUs, askApollo] = [await serve(servers[0]), await serve(servers[1])];
    });
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()));
    });

    it.each(queries)('is answered as @apollo/gateway does: %s', async (query) => {
      const [we, they] = [await askUs(query), await askApollo(query)];
      expect(we.data).toEqual(they.data);
      const paths = (result: Result) => (result.errors ?? []).map(({ path }) => path ?? null);
      expect(paths(we)).toEqual(paths(they));
    });
  },
);

describe('where we do better than @apollo/gateway', () => {
  const arguments_ = [
    tinySubgraph(
      'posts',
      `type Query { post: Post }
       type Post @key(fields: "id") { id: ID! comments(limit: Int!): [String!]! }`,
      {
        Query: { post: () => ({ id: 'p' }) },
        Post: {
          __resolveReference: (reference: object) => reference,
          comments: (_: unknown, { limit }: { limit: number }) => ['a', 'b', 'c', 'd'].slice(0, limit),
        },
      },
    ),
    tinySubgraph(
      'authors',
      `type Post @key(fields: "id") {
         id: ID! comments(limit: Int!): [String!]! @external
         busy: Boolean @requires(fields: "comments(limit: 3)")
       }`,
      {
        Post: {
          __resolveReference: (reference: object) => reference,
          busy: ({ comments }: { comments: string[] }) => comments.length >= 3,
        },
      },
    ),
  ];

  it('a client may ask a required field with arguments of its own', async () => {
    const server = ours(arguments_);
    const ask = await serve(server);
    expect(await ask('{ post { busy comments(limit: 1) } }')).toEqual({
      data: { post: { busy: true, comments: ['a'] } },
    });
    expect(await ask('query($n: Int!) { post { comments(limit: $n) busy } }', { n: 2 })).toEqual({
      data: { post: { comments: ['a', 'b'], busy: true } },
    });
    await server.stop();
  });

  it('a null where the schema promises a value comes with an error', async () => {
    const server = ours([
      tinySubgraph('a', 'type Query { one: One } type One @key(fields: "id") { id: ID! }', {
        Query: { one: () => ({ id: '1' }) },
        One: { __resolveReference: (reference: object) => reference },
      }),
      tinySubgraph('b', 'type One @key(fields: "id") { id: ID! value: Int! }', {
        One: { __resolveReference: () => null },
      }),
    ]);
    const ask = await serve(server);
    expect(await ask('{ one { value } }')).toMatchObject({
      data: { one: null },
      errors: [{ message: 'Cannot return null for non-nullable field One.value.', path: ['one', 'value'] }],
    });
    await server.stop();
  });
});
