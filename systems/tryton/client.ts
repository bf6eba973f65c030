import { z } from 'zod';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import type { CallOptions } from '../client-kit/call-options.ts';
import { rejectionCode } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';
import { ids, refusalIn } from './wire.ts';

export interface TrytonClientOptions extends Omit<SystemClientOptions, 'token'> {
  /** Name of the database at the server. */
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** How long no login is tried after one was refused, in milliseconds: each refused one makes the next slower. Default 30000. */
  readonly loginPauseMillis?: number;
}

/** Conditions of a search as Tryton writes them: `[['code', '=', 'A']]`. */
export type TrytonDomain = readonly unknown[];
/** What a call is to know besides its arguments: `{ locations: [3] }`. */
export type TrytonContext = Readonly<Record<string, unknown>>;

export interface SearchOptions extends CallOptions {
  readonly context?: TrytonContext;
  /** Default: by id. */
  readonly order?: readonly (readonly [field: string, direction: 'ASC' | 'DESC'])[];
  readonly limit?: number;
}

/**
 * Tryton's JSON-RPC as its callers see it. The session is opened at the first call, and once more when it has ended.
 * Every method throws CommerceError, see systems/client-kit. A refusal is SYSTEM_REJECTED with one of the codes USER_ERROR
 * (a rule of Tryton), USER_WARNING, CONCURRENCY, UNEXPECTED (any exception of its program), LOGIN_REFUSED.
 *
 * Buttons answer nothing: a transition that is not allowed changes nothing and is not told. Read the state afterwards.
 */
export interface TrytonClient {
  /** Records that fit, each parsed by `row`. Fields of other records (`template.name`) come under `template.`. */
  searchRead<Row extends z.ZodType>(
    model: string,
    domain: TrytonDomain,
    row: Row,
    fields: readonly string[],
    options?: SearchOptions,
  ): Promise<z.output<Row>[]>;
  count(model: string, domain: TrytonDomain, options?: CallOptions): Promise<number>;
  /** Not repeated after a failure: Tryton has no idempotency keys. Look up before creating. @returns ids */
  create(model: string, values: readonly object[], options?: CallOptions): Promise<number[]>;
  write(model: string, ids: readonly number[], values: object, options?: CallOptions): Promise<void>;
  remove(model: string, ids: readonly number[], options?: CallOptions): Promise<void>;
  /**
   * Presses a button of a form. A warning whose name fits `accept` is acknowledged, and the button pressed once more; others
   * are refusals.
   * @returns what it answers: null, or true and false of `assign_try`
   */
  press(
    model: string,
    button: string,
    ids: readonly number[],
    options?: CallOptions & { readonly accept?: RegExp },
  ): Promise<unknown>;
  /** Any method; `repeatable` only for reads. */
  call<Answer extends z.ZodType>(
    method: string,
    params: readonly unknown[],
    answer: Answer,
    options: CallOptions & { readonly repeatable: boolean; readonly context?: TrytonContext },
  ): Promise<z.output<Answer>>;
  /** Id of the user, and of the company that it works for; null when it has none yet. */
  identity(): Promise<{ readonly company: number | null; readonly user: number }>;
  /** Reads the user's preferences anew with the next call: they changed. */
  renewSession(): Promise<void>;
  statistics(): SystemStatistics;
  /** Cuts what is in progress. */
  close(): Promise<void>;
}

interface Session {
  readonly authorization: string;
  readonly user: number;
  /** Preferences of the user: every call has to carry them. */
  readonly context: TrytonContext;
}

const LOGIN_PAUSE_MILLIS = 30_000;

export function createTrytonClient(options: TrytonClientOptions): TrytonClient {
  const { database, user, password, loginPauseMillis = LOGIN_PAUSE_MILLIS, ...rest } = options;
  const client = createSystemClient('Tryton', { ...rest, token: '', refusalIn });
  const path = `/${encodeURIComponent(database)}/`;
  let session: Promise<Session> | null = null;
  let refusedUntil = 0;

  // Exactly these three keys: with any other, errors come as HTML pages.
  function send<Answer extends z.ZodType>(
    method: string,
    params: readonly unknown[],
    answer: Answer,
    authorization: string | null,
    call: CallOptions & { readonly repeatable: boolean },
  ): Promise<{ result: z.output<Answer> }> {
    return client.call({
      ...call,
      method: 'POST',
      path,
      body: { id: 0, method, params },
      authorization,
      answer: z.object({ result: answer }) as unknown as z.ZodType<{ result: z.output<Answer> }>,
    });
  }

  async function logIn(): Promise<Session> {
    const refused = () =>
      new CommerceError('SYSTEM_REJECTED', 'Tryton refused the credentials', {
        system: 'Tryton',
        systemCode: 'LOGIN_REFUSED',
      });
    if (Date.now() < refusedUntil) throw refused();
    try {
      const { result } = await send('common.db.login', [user, { password }, 'en'], loginAnswer, null, {
        repeatable: false,
      });
      const [uid, key] = result;
      const authorization = `Session ${Buffer.from(`${user}:${uid}:${key}`).toString('base64')}`;
      const preferences = await send('model.res.user.get_preferences', [true, {}], z.looseObject({}), authorization, {
        repeatable: true,
      });
      return { authorization, user: uid, context: preferences.result };
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      refusedUntil = Date.now() + loginPauseMillis;
      throw refused();
    }
  }

  /** One login for all who wait for it. A failed one is not kept. */
  function openSession(): Promise<Session> {
    session ??= logIn().catch((error: unknown) => {
      session = null;
      throw error;
    });
    return session;
  }

  async function call<Answer extends z.ZodType>(
    method: string,
    params: readonly unknown[],
    answer: Answer,
    { context, ...asked }: CallOptions & { readonly repeatable: boolean; readonly context?: TrytonContext },
  ): Promise<z.output<Answer>> {
    const opening = openSession();
    const attempt = async ({ authorization, context: own }: Session) =>
      // Without the context as the last parameter no method answers.
      (await send(method, [...params, { ...own, ...context }], answer, authorization, asked)).result;
    try {
      return await attempt(await opening);
    } catch (error) {
      const endedMeanwhile = rejectionCode(error) === 'USER_ERROR' && (await hasEnded(await opening, asked));
      if (!isUnauthorized(error) && !endedMeanwhile) throw error;
      if (session === opening) session = null;
      // What Tryton turned away at the door it has not begun; what it was at when the session ended it may have done.
      if (endedMeanwhile && !asked.repeatable) throw sessionEnded();
      return attempt(await openSession());
    }
  }

  /**
   * Whether the session is over. When it ends while a request is served, Tryton answers as if the user had made a mistake: it
   * notes the session's use after the work is committed, and finds the session gone.
   */
  async function hasEnded({ authorization }: Session, { signal }: CallOptions): Promise<boolean> {
    try {
      await send('model.res.user.get_preferences', [true, {}], z.unknown(), authorization, { repeatable: true, ...(signal ? { signal } : {}) }); // biome-ignore format: one thought
      return false;
    } catch (error) {
      return isUnauthorized(error);
    }
  }

  const reading = { repeatable: true } as const;
  return {
    call,
    searchRead: (model, domain, row, fields, { context, order = [['id', 'ASC']], limit, ...asked } = {}) =>
      call(`model.${model}.search_read`, [domain, 0, limit ?? null, order, fields], z.array(row), {
        ...asked,
        ...reading,
        ...(context ? { context } : {}),
      }) as Promise<z.output<typeof row>[]>,
    count: (model, domain, asked) => call(`model.${model}.search_count`, [domain], z.int(), { ...asked, ...reading }),
    create: (model, values, asked) => call(`model.${model}.create`, [values], ids, { ...asked, repeatable: false }),
    async write(model, records, values, asked) {
      await call(`model.${model}.write`, [records, values], z.unknown(), { ...asked, ...reading });
    },
    async remove(model, records, asked) {
      await call(`model.${model}.delete`, [records], z.unknown(), { ...asked, repeatable: false });
    },
    async press(model, button, records, { accept, ...asked } = {}) {
      const press = () => call(`model.${model}.${button}`, [records], z.unknown(), { ...asked, repeatable: false });
      try {
        return await press();
      } catch (error) {
        const warning = isCommerceError(error) ? error.details.warning : undefined;
        if (typeof warning !== 'string' || !accept?.test(warning)) throw error;
        const { user: uid } = await openSession();
        const known = [{ user: uid, name: warning, always: false }];
        await call('model.res.user.warning.create', [known], ids, { ...asked, repeatable: false });
        return press();
      }
    },
    async identity() {
      const { context, user: uid } = await openSession();
      return { company: z.int().safeParse(context.company).data ?? null, user: uid };
    },
    async renewSession() {
      session = null;
      await openSession();
    },
    statistics: client.statistics,
    close: client.close,
  };
}

const sessionEnded = () => new CommerceError('SYSTEM_UNAVAILABLE', 'Tryton ended the session while it served the request, and may have done what was asked', { system: 'Tryton', reason: 'session-ended' }); // biome-ignore format: one thought

const loginAnswer = z.tuple([z.int(), z.string()]);

function isUnauthorized(error: unknown): boolean {
  return isCommerceError(error) && error.code === 'SYSTEM_REJECTED' && error.details.status === 401;
}
