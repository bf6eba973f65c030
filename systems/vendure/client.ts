import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import type { CallOptions } from '../client-kit/call-options.ts';
import { badResponse, rejectionCode, unavailable } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';
import { errorIn, refusalIn } from './wire.ts';

export interface VendureClientOptions extends Omit<SystemClientOptions, 'token' | 'baseUrl'> {
  /** Of the administrators' API, e.g. `https://shop.example/admin-api`. */
  readonly address: string;
  readonly user: string;
  readonly password: string;
}

/**
 * Vendure's administrators' API as its callers see it. The session is opened at the first call, and once more when it has
 * ended. Every failure is a CommerceError, see systems/client-kit; a refusal is SYSTEM_REJECTED with Vendure's own code in
 * `systemCode`, such as ITEMS_ALREADY_FULFILLED_ERROR.
 */
export interface VendureClient {
  /** One query. `answer` reads `data`. */
  read<Answer extends z.ZodType>(document: string, variables: object, answer: Answer, call?: CallOptions): Promise<z.output<Answer>>; // biome-ignore format: one thought
  /** One mutation. Never repeated by itself: Vendure has no idempotency keys. Look up before. */
  write<Answer extends z.ZodType>(document: string, variables: object, answer: Answer, call?: CallOptions): Promise<z.output<Answer>>; // biome-ignore format: one thought
  statistics(): SystemStatistics;
  /** Cuts what is in progress. */
  close(): Promise<void>;
}

const NAME = 'Vendure';
const TOKEN = 'vendure-auth-token';
const LOGIN = `mutation ($user: String!, $password: String!) {
  login(username: $user, password: $password) { __typename ... on ErrorResult { errorCode } }
}`;

export function createVendureClient(options: VendureClientOptions): VendureClient {
  const { address, user, password, ...rest } = options;
  const { origin, pathname } = new URL(address);
  const client = createSystemClient(NAME, { ...rest, baseUrl: origin, token: '', refusalIn, errorIn });
  let session: Promise<string> | null = null;

  async function send<Answer extends z.ZodType>(
    document: string,
    variables: object,
    answer: Answer,
    call: CallOptions & { readonly repeatable: boolean },
    authorization: string | null,
    onHeaders?: (headers: IncomingHttpHeaders) => void,
  ): Promise<z.output<Answer>> {
    try {
      const { data } = await client.call({
        ...call,
        method: 'POST',
        path: pathname,
        body: { query: document, variables },
        answer: z.object({ data: answer }) as unknown as z.ZodType<{ data: z.output<Answer> }>,
        authorization,
        onHeaders,
      });
      return data;
    } catch (error) {
      // An exception of its program, such as a key that is there already: it may be otherwise the next time.
      if (rejectionCode(error) === 'INTERNAL_SERVER_ERROR') throw unavailable(NAME, 'internal-error', error);
      throw error;
    }
  }

  async function logIn(): Promise<string> {
    let token: unknown;
    await send(LOGIN, { user, password }, z.unknown(), { repeatable: true }, null, (headers) => {
      token = headers[TOKEN];
    });
    if (typeof token !== 'string') throw badResponse(NAME, `no ${TOKEN}: its tokenMethod has to allow bearer`);
    return `Bearer ${token}`;
  }

  /** One login for all who wait for it. A failed one is not kept. */
  function openSession(): Promise<string> {
    session ??= logIn().catch((error: unknown) => {
      session = null;
      if (rejectionCode(error) !== 'INVALID_CREDENTIALS_ERROR') throw error;
      throw new CommerceError('SYSTEM_REJECTED', `${NAME} refused the credentials`, { system: NAME, systemCode: 'LOGIN_REFUSED' }); // biome-ignore format: one thought
    });
    return session;
  }

  async function ask<Answer extends z.ZodType>(
    document: string,
    variables: object,
    answer: Answer,
    call: CallOptions & { readonly repeatable: boolean },
  ): Promise<z.output<Answer>> {
    const opening = openSession();
    try {
      return await send(document, variables, answer, call, await opening);
    } catch (error) {
      // An ended session is told before anything is done, so any call may be made again, once.
      if (!isCommerceError(error) || rejectionCode(error) !== 'FORBIDDEN') throw error;
      if (session === opening) session = null;
      return send(document, variables, answer, call, await openSession());
    }
  }

  return {
    read: (document, variables, answer, call) => ask(document, variables, answer, { ...call, repeatable: true }),
    write: (document, variables, answer, call) => ask(document, variables, answer, { ...call, repeatable: false }),
    statistics: client.statistics,
    close: client.close,
  };
}
