import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { importPeer } from './install-peers.ts';
import { ours } from './ours.ts';
import { LOCAL, type StartGateway } from './start-gateway.ts';

async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, LOCAL, resolve));
  return (server.address() as AddressInfo).port;
}

/** As its manual has it, with the client's credential passed on. */
const apollo: StartGateway = async (supergraphSdl) => {
  const gateway = new ApolloGateway({
    supergraphSdl,
    buildService: ({ url }) =>
      new RemoteGraphQLDataSource<{ authorization?: string }>({
        ...(url === undefined ? {} : { url }),
        willSendRequest: ({ request, context }) =>
          request.http?.headers.set('authorization', context.authorization ?? ''),
      }),
  });
  const server = new ApolloServer<{ authorization?: string }>({ gateway, nodeEnv: 'production' });
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: LOCAL },
    context: async ({ req: { headers } }) => ({ authorization: headers.authorization ?? '' }),
  });
  return Number(new URL(url).port);
};

interface HivePackage {
  createGatewayRuntime(options: object): RequestListener;
}

/** Without the plug-ins of its command line; it shares what identical clients ask in flight, as it advises. */
const hive =
  (withRustPlanner: boolean): StartGateway =>
  async (supergraph) => {
    const { createGatewayRuntime } = await importPeer<HivePackage>('@graphql-hive/gateway');
    const router = withRustPlanner
      ? await importPeer<{ unifiedGraphHandler: unknown }>('@graphql-hive/router-runtime')
      : {};
    return listen(
      createGatewayRuntime({
        supergraph,
        logging: false,
        maskedErrors: false,
        inboundInflightRequestDeduplication: true,
        propagateHeaders: {
          fromClientToSubgraphs: ({ request }: { request: Request }) => ({
            authorization: request.headers.get('authorization'),
          }),
        },
        ...('unifiedGraphHandler' in router ? { unifiedGraphHandler: router.unifiedGraphHandler } : {}),
      }),
    );
  };

/** The answer, ready: what the HTTP server, the kernel and the clients take by themselves. */
const floor: StartGateway = async () => {
  let ready = '{}';
  return listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'PUT') ready = Buffer.concat(chunks).toString();
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(ready) })
        .end(ready);
    });
  });
};

export const GATEWAYS: Readonly<Record<string, StartGateway>> = {
  apollo,
  hive: hive(false),
  'hive-rust': hive(true),
  ours: ours(true),
  'ours-uncompiled': ours(false),
  floor,
};
