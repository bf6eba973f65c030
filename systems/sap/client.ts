import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { isCommerceError } from '../../platform/errors.ts';
import type { CallOptions } from '../client-kit/call-options.ts';
import { badResponse } from '../client-kit/failure.ts';
import { createODataClient, type ODataClient } from '../odata/client.ts';

export interface SapOptions {
  /** e.g. `https://my300000-api.s4hana.cloud.sap/sap/opu/odata/sap`; on premise with its client: `…/sap?sap-client=100`. */
  readonly address: string;
  readonly user: string;
  readonly password: string;
  readonly timeoutMillis: number;
}

/** SAP S/4HANA as its callers see it: reads, and writes that SAP takes with a token of its session only. */
export interface SapClient extends Pick<ODataClient, 'all' | 'count' | 'statistics' | 'close'> {
  /** Creates an entity with what belongs to it. Never repeated by itself: SAP would create a second one. */
  create<Answer extends z.ZodType>(service: string, set: string, body: object, answer: Answer, call: CallOptions): Promise<z.output<Answer>>; // biome-ignore format: one thought
  /** Changes properties of an entity. @param etag null where the entity has none; another one is refused with 412 */
  change(service: string, entity: string, etag: string | null, body: object, call: CallOptions): Promise<void>;
  remove(service: string, entity: string, etag: string | null, call: CallOptions): Promise<void>;
}

/** What a session is held by. */
interface Session {
  readonly token: string;
  readonly cookie: string;
}

const NAME = 'SAP S/4HANA';

/** Reads and writes of one SAP system. Each write needs a token that is bound to a session; when it has ended, another is asked for. */
export function createSapClient({ address, user, password, timeoutMillis }: SapOptions): SapClient {
  const url = new URL(address);
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const odata = createODataClient(NAME, {
    version: 2,
    baseUrl: `${url.origin}${url.pathname.replace(/\/$/, '')}`,
    always: url.search.slice(1),
    timeoutMillis,
    concurrency: 4,
    maxResponseBytes: 32 * 1024 * 1024,
    // A password that is refused stays refused, and SAP locks the account.
    authorize: async (anew) => (anew ? null : authorization),
  });
  const sessions = new Map<string, Promise<Session>>();

  async function begin(service: string, call: CallOptions): Promise<Session> {
    let heard: IncomingHttpHeaders = {};
    await odata.send({
      ...call,
      method: 'GET',
      path: `/${service}/`,
      headers: { 'x-csrf-token': 'Fetch' },
      onHeaders: (headers) => {
        heard = headers;
      },
      answer: z.unknown(),
      repeatable: true,
    });
    const token = heard['x-csrf-token'];
    if (typeof token !== 'string') throw badResponse(NAME, 'no token');
    return { token, cookie: (heard['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ') };
  }

  function sessionOf(service: string, call: CallOptions): Promise<Session> {
    const held = sessions.get(service);
    if (held) return held;
    // The one who asks may give up; the others who wait for the same session must not fail for that.
    const begun = begin(service, { traceId: call.traceId });
    sessions.set(service, begun);
    begun.catch(() => sessions.delete(service));
    return begun;
  }

  /** Once more with another token when SAP says that this one ended: nothing was done then. */
  async function write<Answer extends z.ZodType>(
    service: string,
    request: { method: 'POST' | 'PATCH' | 'DELETE'; path: string; body?: object; etag: string | null; repeatable: boolean; answer: Answer },
    call: CallOptions,
  ): Promise<z.output<Answer>> {
    const { etag, ...rest } = request;
    for (let attempt = 1; ; attempt += 1) {
      const holding = sessionOf(service, call);
      const { token, cookie } = await holding;
      let isTokenRefused = false;
      try {
        return await odata.send({
          ...call,
          ...rest,
          path: `/${service}/${rest.path}`,
          headers: { 'x-csrf-token': token, cookie, ...(etag === null ? {} : { 'if-match': etag }) },
          onHeaders: (headers) => {
            isTokenRefused = String(headers['x-csrf-token']).toLowerCase() === 'required';
          },
        });
      } catch (error) {
        if (attempt > 1 || !isTokenRefused || !isCommerceError(error) || error.details.status !== 403) throw error;
        if (sessions.get(service) === holding) sessions.delete(service);
      }
    }
  } // biome-ignore format: one thought

  return {
    all: odata.all,
    count: odata.count,
    async create(service, set, body, answer, call) {
      const request = { method: 'POST', path: set, body, etag: null, repeatable: false } as const;
      const { d } = await write(service, { ...request, answer: z.object({ d: z.unknown() }) }, call);
      const read = answer.safeParse(d);
      if (!read.success) throw badResponse(NAME, `shape of ${read.error.issues[0]?.path.join('.') || 'an entity'}`);
      return read.data;
    },
    async change(service, entity, etag, body, call) {
      await write(service, { method: 'PATCH', path: entity, body, etag, repeatable: true, answer: z.null() }, call);
    },
    async remove(service, entity, etag, call) {
      await write(service, { method: 'DELETE', path: entity, etag, repeatable: false, answer: z.null() }, call);
    },
    statistics: odata.statistics,
    close: odata.close,
  };
}
