import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Caller } from '../../platform/caller.ts';
import { execute } from '../../platform/graphql/execute.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { SignatureVerifier } from '../../platform/http/signature.ts';

export const SECRET = 'a secret of at least 32 characters';

export interface SubgraphServer {
  readonly url: string;
  /** Requests that reached the subgraph, as it understood them. */
  readonly received: {
    query: string;
    variables: Record<string, unknown>;
    caller: Caller;
    headers: IncomingMessage['headers'];
  }[];
  /** Answers the next requests instead of the subgraph; null ends that. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  stop(): Promise<void>;
}

/** A subgraph behind HTTP that believes signed requests only. */
export async function serveSubgraph(subgraph: Subgraph): Promise<SubgraphServer> {
  const verifier = new SignatureVerifier({ secrets: [SECRET] });
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (running.instead) return running.instead(request, response);
    const { method = '', url = '', headers } = request;
    const caller = verifier.verify({ method, path: url, body, headers });
    const { query, variables, operationName } = JSON.parse(body.toString());
    running.received.push({ query, variables, caller, headers });
    const { signal } = new AbortController();
    const answer = await execute(subgraph, { query, variables, operationName, caller, signal });
    response.writeHead(200, { 'content-type': 'application/graphql-response+json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const running: SubgraphServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    received: [],
    instead: null,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return running;
}
