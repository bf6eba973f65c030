import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { WebSocket } from 'ws';
import { createApiKey, revokeApiKey } from '../../gateway/access/api-keys.ts';
import { createAuthenticate } from '../../gateway/access/authenticate.ts';
import { seedDevelopmentAccess } from '../../gateway/access/development-access.ts';
import { KeySet } from '../../gateway/access/tokens/key-set.ts';
import { createVerifyToken } from '../../gateway/access/tokens/verify-token.ts';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { limitsWith } from '../helpers/limits.ts';
import { type LiveServer, startLiveServer } from '../helpers/live-server.ts';
import { withoutCost } from './running-gateway.ts';

const silent = createLogger({ level: 'silent', component: 'test' });
const ISSUER = 'https://login.example.com/';
const AUDIENCE = 'https://api.example.com';
const QUERY = '{ order(id: "o1") { number address } }';
const WATCH = 'subscription { orderStatusChanged(orderId: "o1") { status } }';

let database: TestDatabase;
let server: LiveServer;
let keysAreDown = false;
/** Milliseconds that the gateway's clock is ahead. */
let ahead = 0;
let rsa: { publicKey: CryptoKey; privateKey: CryptoKey };
let other: { publicKey: CryptoKey; privateKey: CryptoKey };

beforeAll(async () => {
  database = await createTestDatabase(['integration']);
  await seedDevelopmentAccess(database.knex);
  rsa = await generateKeyPair('RS256', { extractable: true });
  other = await generateKeyPair('RS256');
  const load = async () => {
    if (keysAreDown) throw new Error('down');
    return { keys: [{ ...(await exportJWK(rsa.publicKey)), kid: 'k1', alg: 'RS256' }] };
  };
  const clock = { now: () => new Date(Date.now() + ahead) };
  const rules = { issuer: ISSUER, audience: AUDIENCE, algorithms: ['RS256', 'ES256'], toleranceSeconds: 5 };
  let keys = new KeySet({ load, logger: silent });
  let wasDown = false;
  // A gateway that starts while the issuer is down knows no keys: a set of its own for those tests.
  const verify = (token: string) => {
    if (keysAreDown !== wasDown) keys = new KeySet({ load, logger: silent });
    wasDown = keysAreDown;
    return createVerifyToken(rules, keys, clock)(token);
  };
  const authenticate = createAuthenticate({
    knex: database.knex,
    production: true,
    verifyToken: verify,
    now: () => performance.now() + ahead,
  });
  // More wrong credentials than any address may send.
  const limits = limitsWith({}, {}, { capacity: 1_000, refillPerSecond: 1_000 });
  server = await startLiveServer({ authenticate, recheckMillis: 20, guards: { limits } });
  server.graph.place({ id: 'o1', customerId: 'c1' });
});
afterAll(async () => {
  await server.stop();
  await server.graph.close();
  await database.drop();
});
beforeEach(() => {
  keysAreDown = false;
  ahead = 0;
});

interface TokenOptions {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly signer?: CryptoKey;
}
const seconds = (from: number) => Math.floor(Date.now() / 1_000) + from;
const tokenOf = ({ claims = {}, header = {}, signer = rsa.privateKey }: TokenOptions = {}): Promise<string> =>
  new SignJWT({
    iss: ISSUER,
    aud: AUDIENCE,
    exp: seconds(60),
    client_id: 'shop-app',
    channel: 'WEB',
    scope: 'customer-data:read',
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header })
    .sign(signer);

type Credentials = Readonly<Record<string, string>>;
/** What a transport answers: data, or the code of the refusal. */
type Outcome = string;

const post = async (credentials: Credentials, query: string, accept: string) =>
  fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...credentials },
    body: JSON.stringify({ query }),
  });

const transports: Record<string, (credentials: Credentials) => Promise<Outcome>> = {
  async HTTP(credentials) {
    const response = await post(credentials, QUERY, 'application/graphql-response+json');
    return outcome(response.status, await response.text());
  },
  async SSE(credentials) {
    return firstOf(await post(credentials, WATCH, 'text/event-stream'));
  },
  async multipart(credentials) {
    return firstOf(await post(credentials, WATCH, 'multipart/mixed;subscriptionSpec=1.0, application/json'));
  },
  WebSocket: (credentials) =>
    new Promise((resolve) => {
      const socket = new WebSocket(server.socketUrl, 'graphql-transport-ws');
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: credentials })));
      socket.on('close', (code) => resolve(code === 4403 ? '401 UNAUTHENTICATED' : `closed ${code}`));
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.type === 'connection_ack') {
          socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: WATCH } }));
        } else {
          resolve(message.type === 'next' ? 'data' : JSON.stringify(message));
          socket.terminate();
        }
      });
    }),
};

async function firstOf(response: Response): Promise<Outcome> {
  if (response.status !== 200) return outcome(response.status, await response.text());
  const reader = response.body?.getReader();
  let text = '';
  while (!/orderStatusChanged/.test(text)) {
    const part = await reader?.read();
    if (!part || part.done) return text;
    text += Buffer.from(part.value).toString();
  }
  await reader?.cancel();
  return 'data';
}

function outcome(status: number, text: string): Outcome {
  const { data, errors } = JSON.parse(text);
  return data && !errors ? 'data' : `${status} ${errors?.[0]?.extensions?.code}`;
}

describe.each(Object.entries(transports))('over %s', (_transport, send) => {
  const bearer = async (options?: TokenOptions) => ({ authorization: `Bearer ${await tokenOf(options)}` });

  it('a token does what a key does', async () => {
    expect(await send(await bearer())).toBe('data');
    expect(
      await send(await bearer({ claims: { customer: 'c1', scope: undefined, scopes: ['customer-data:read'] } })),
    ).toBe('data');
  });

  it.each([
    ['has expired', { claims: { exp: seconds(-6) } }],
    ['never expires', { claims: { exp: undefined } }],
    ['is not valid yet', { claims: { nbf: seconds(60) } }],
    ['is for another audience', { claims: { aud: 'https://other.example.com' } }],
    ['is of another issuer', { claims: { iss: 'https://evil.example.com/' } }],
    ['is signed with a key of an unknown id', { header: { kid: 'k2' } }],
    ['names nobody', { claims: { client_id: undefined } }],
    ['names a channel that there is not', { claims: { channel: 'NOWHERE' } }],
    ['names neither channel nor contract', { claims: { channel: undefined } }],
    ['has a malformed claim', { claims: { channel: 7 } }],
  ])('a token that %s is refused', async (_: string, options: TokenOptions) => {
    expect(await send(await bearer(options))).toBe('401 UNAUTHENTICATED');
  });

  it('a forged token is refused', async () => {
    const claims = { iss: ISSUER, aud: AUDIENCE, exp: seconds(60), client_id: 'x', channel: 'WEB' };
    const publicKey = Buffer.from(await exportSPKI(rsa.publicKey));
    const [header, , signature] = (await tokenOf()).split('.');
    const forged = [
      new UnsecuredJWT(claims).encode(),
      await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(publicKey),
      await tokenOf({ signer: other.privateKey }),
      `${header}.${Buffer.from(JSON.stringify({ ...claims, contracts: ['operations'] })).toString('base64url')}.${signature}`,
      'no.token.at-all',
      'x'.repeat(9_000),
    ];
    for (const token of forged) {
      expect(await send({ authorization: `Bearer ${token}` })).toBe('401 UNAUTHENTICATED');
    }
  });

  it('no credential, an unknown one, and two at once are refused', async () => {
    expect(await send({})).toBe('401 UNAUTHENTICATED');
    expect(await send({ 'x-api-key': 'nope' })).toBe('401 UNAUTHENTICATED');
    expect(await send({ ...(await bearer()), 'x-api-key': 'nope' })).toBe('401 UNAUTHENTICATED');
    expect(await send({ authorization: 'Basic dTpw' })).toBe('401 UNAUTHENTICATED');
  });

  it('a token is refused while the keys of its issuer cannot be had', async () => {
    keysAreDown = true;
    expect(await send(await bearer())).toBe('401 UNAUTHENTICATED');
  });
});

it('a token sees what is its customer’s, and a channel’s order of nobody else', async () => {
  const of = async (customer: string) => {
    const headers = { authorization: `Bearer ${await tokenOf({ claims: { customer } })}` };
    return withoutCost(await (await post(headers, QUERY, 'application/json')).json()).body;
  };
  expect(await of('c1')).toEqual({ data: { order: { number: 'no-o1', address: '1 High Street' } } });
  expect(await of('c2')).toEqual({ data: { order: null } });
});

it('a token may not speak a contract that it does not name', async () => {
  const headers = { authorization: `Bearer ${await tokenOf()}`, 'content-type': 'application/json' };
  const response = await fetch(`${server.url}/operations`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query: QUERY }),
  });
  expect(response.status).toBe(404);
});

describe.each(['token', 'key'])('the end of a %s', (kind) => {
  let credentials: Credentials;
  let end: () => Promise<void>;
  beforeEach(async () => {
    const key = await createApiKey(database.knex, { clientId: 'brief', contracts: ['storefront'], channelCode: 'WEB' });
    credentials = kind === 'key' ? { 'x-api-key': key } : { authorization: `Bearer ${await tokenOf()}` };
    end = async () => {
      if (kind === 'key') await revokeApiKey(database.knex, key.slice(0, 14));
      ahead = kind === 'key' ? 4_000 : 66_000;
    };
  });

  it('ends what it holds open over SSE', async () => {
    const response = await post(credentials, WATCH, 'text/event-stream');
    expect(response.status).toBe(200);
    await end();
    expect(await response.text()).toMatch(/UNAUTHENTICATED/);
  });

  it('ends what it holds open over a WebSocket', async () => {
    const closed = new Promise((resolve) => {
      const socket = new WebSocket(server.socketUrl, 'graphql-transport-ws');
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: credentials })));
      socket.on('message', () => void end());
      socket.on('close', (code) => resolve(code));
    });
    expect(await closed).toBe(4403);
  });
});

it('what is said about a token tells what to do, and nothing of what would be accepted', async () => {
  const said = async (claims: Record<string, unknown>) => {
    const headers = { authorization: `Bearer ${await tokenOf({ claims })}` };
    const response = await post(headers, QUERY, 'application/json');
    expect(response.headers.get('www-authenticate')).toBe('ApiKey, Bearer');
    return (await response.json()).errors[0].message;
  };
  expect(await said({ exp: seconds(-60) })).toBe('The token has expired. Ask its issuer for a new one.');
  const elsewhere = await said({ aud: 'https://other.example.com' });
  expect(elsewhere).toBe('The token is for another API. Ask its issuer for one with the audience of this API.');
  expect(await said({ iss: 'https://evil.example.com/' })).toBe(elsewhere);
});

it.each(['x-api-key', 'API_KEY', 'access_token'])(
  'a credential in the URL (%s) is refused and repeated nowhere',
  async (name) => {
    const response = await fetch(`${server.url}?${name}=dev-secret-value&query={__typename}`, {
      headers: { 'x-apollo-operation-name': 'x' },
    });
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain('dev-secret-value');
    const closed = new Promise((resolve) => {
      const socket = new WebSocket(`${server.socketUrl}?${name}=dev-secret-value`, 'graphql-transport-ws');
      socket.on('error', (error) => resolve(error.message));
    });
    expect(await closed).toBe('Unexpected server response: 401');
  },
);
