import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 } from '../../gateway/guards/registered-documents.ts';
import { createLogger } from '../../platform/logger.ts';
import { type LiveServer, startLiveServer } from '../helpers/live-server.ts';
import { getTransports, transports } from './transports.ts';

// One contract for each way of enforcing; each has registered the same documents for a client of its own.
const MODES = { storefront: 'open', marketplace: 'registered-only', operations: 'registered-and-logged' } as const;
const QUERY = 'query Registered { order(id: "o1") { number } }';
const WATCH = 'subscription Watch { orderStatusChanged(orderId: "o1") { snapshot status } }';
/** Of another client of the same contract. */
const FOREIGN = 'query Foreign { order(id: "o1") { id } }';

const log: string[] = [];
let server: LiveServer;
beforeAll(async () => {
  server = await startLiveServer({
    log: createLogger({
      level: 'info',
      component: 'gateway',
      destination: { write: (line) => void log.push(line) },
    }),
    guards: {
      documents: {
        modeOf: (contract) => MODES[contract as keyof typeof MODES],
        find: (_, clientId, hash) => {
          const own = clientId === 'another-client' ? [FOREIGN] : [QUERY, WATCH];
          return own.find((text) => sha256(text) === hash) ?? null;
        },
      },
    },
  });
  server.graph.place({ id: 'o1', channelCode: 'WEB' });
});
afterAll(async () => {
  await server.stop();
  await server.graph.close();
});

const byId = (text: string) => ({ documentId: `sha256:${sha256(text)}` });
const byApollo = (text: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: sha256(text) } } });
const ways = { documentId: byId, persistedQuery: byApollo };

const cases = Object.entries({ ...transports, ...getTransports }).flatMap(([transport, send]) =>
  Object.entries(MODES).flatMap(([contract, mode]) =>
    Object.entries(ways).map(([way, named]) => ({ transport, send, key: `dev-${contract}`, mode, way, named })),
  ),
);

describe.each(cases)('by $way over $transport where documents are $mode', ({ transport, send, key, mode, named }) => {
  it('a registered query is answered, and no other client’s', async () => {
    server.graph.place({ id: 'o1', channelCode: key === 'dev-marketplace' ? 'AMAZON' : 'WEB' });
    const own = await send(server, named(QUERY), key);
    expect(own.text).toContain('"data":{"order":{"number":"no-o1"}}');
    const refused = mode === 'registered-only' ? 'PERSISTED_QUERY_REQUIRED' : 'PERSISTED_QUERY_NOT_FOUND';
    for (const text of [FOREIGN, '{ __typename }']) {
      const { error, text: told } = await send(server, named(text), key);
      expect(error).toEqual({ code: refused, retryable: expect.any(Boolean), traceId: expect.any(String) });
      expect(told).not.toContain('"data":{');
    }
  });

  if (!transport.startsWith('JSON'))
    it('a registered subscription begins', async () => {
      server.graph.place({ id: 'o1', channelCode: key === 'dev-marketplace' ? 'AMAZON' : 'WEB' });
      const { text } = await send(server, named(WATCH), key);
      expect(text).toContain('"data":{"orderStatusChanged":{"snapshot":true,"status":"VALIDATED"}}');
    });

  it('a text is taken, logged or refused as the contract says', async () => {
    log.length = 0;
    const text = `query Written { order(id: "o1") { id } }`;
    const { error, text: told } = await send(server, { query: text }, key);
    const noted = log.filter((line) => line.includes('document is not registered') && line.includes(sha256(text)));
    expect(noted).toHaveLength(mode === 'registered-and-logged' ? 1 : 0);
    if (mode === 'registered-only') expect(error).toMatchObject({ code: 'PERSISTED_QUERY_REQUIRED' });
    else expect(told).toContain('"data":{"order":{"id":"o1"}}');
  });
});
