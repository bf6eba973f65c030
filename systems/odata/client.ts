import { z } from 'zod';
import { isCommerceError } from '../../platform/errors.ts';
import type { CallOptions } from '../client-kit/call-options.ts';
import { badResponse } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemCall, type SystemClientOptions } from '../client-kit/system-client.ts';
import { VERSIONS, type Version } from './versions.ts';

export interface ODataClientOptions extends Omit<SystemClientOptions, 'token' | 'errorIn'> {
  /** Of the protocol. */
  readonly version: 2 | 4;
  /** Options of every query that are the service's own, such as `sap-client=100`. */
  readonly always?: string;
  /**
   * Value of the header `authorization`.
   * @param anew true when the one before was refused
   * @returns null when there is no other: the refusal stands. Another attempt with the same password would lock the account
   */
  readonly authorize: (anew: boolean, signal: AbortSignal | undefined) => Promise<string | null>;
}

/** Options of a query as OData names them, without the dollar: `{ filter: "number eq '1'" }`. */
export type ODataQuery = Readonly<Record<string, string | number>>;

/** A service of OData as its callers see it. Every method throws CommerceError, see systems/client-kit. */
export interface ODataClient {
  /** Every entity of a set, in pages as the service cuts them. */
  all<Row extends z.ZodType>(
    path: string,
    query: ODataQuery,
    row: Row,
    call?: CallOptions,
  ): AsyncGenerator<z.output<Row>[]>;
  /** One page of at most `query.top`, with the number of all that fit. */
  count(
    path: string,
    query: ODataQuery,
    call?: CallOptions,
  ): Promise<{ readonly count: number; readonly rows: unknown[] }>;
  /** One call that is no query of a set. */
  send<Answer extends z.ZodType>(call: Omit<SystemCall<Answer>, 'authorization' | 'query'>): Promise<z.output<Answer>>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
}

/** @param system name in errors and statistics */
export function createODataClient(system: string, options: ODataClientOptions): ODataClient {
  const { authorize, version, always = '', ...rest } = options;
  const words: Version = VERSIONS[version];
  const client = createSystemClient(system, { ...rest, token: '', errorIn: words.errorIn });

  /** With a new credential, once, when the one before has ended: nothing was done then. */
  async function authorized<Result>(
    signal: AbortSignal | undefined,
    work: (authorization: string | null) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work(await authorize(false, signal));
    } catch (error) {
      const anew = isCommerceError(error) && error.details.status === 401 ? await authorize(true, signal) : null;
      if (anew === null) throw error;
      return work(anew);
    }
  }

  function read(path: string, call: CallOptions) {
    return authorized(call.signal, (authorization) =>
      client.call({ ...call, method: 'GET', path, answer: words.page, authorization, repeatable: true }),
    );
  }

  /** Path below the base address of a link to a next page. Another host must not get our credentials. */
  function below(link: string, from: string): string {
    const base = options.baseUrl.replace(/\/$/, '');
    const url = new URL(link, `${base}${from}`).href;
    if (!url.startsWith(`${base}/`)) throw badResponse(system, 'next page elsewhere');
    return url.slice(base.length);
  }

  return {
    async *all(path, query, row, call = {}) {
      const seen = new Set<string>();
      for (let next: string | null = path + queryOf(query, always); next !== null; ) {
        if (seen.has(next)) throw badResponse(system, 'the same page again');
        seen.add(next);
        const answer = await read(next, call);
        const rows = z.array(row).safeParse(answer.rows);
        if (!rows.success) throw badResponse(system, `shape of ${rows.error.issues[0]?.path.join('.') || 'a page'}`);
        yield rows.data as z.output<typeof row>[];
        next = answer.next === null ? null : below(answer.next, path);
      }
    },
    async count(path, query, call = {}) {
      const { rows, count } = await read(path + queryOf({ ...query, ...words.counting }, always), call);
      if (count === null) throw badResponse(system, 'no count');
      return { rows, count };
    },
    send(call) {
      const path = call.path + queryOf({}, always);
      return authorized(call.signal, (authorization) => client.call({ ...call, path, authorization }));
    },
    statistics: client.statistics,
    close: client.close,
  };
}

/** Not as forms do it: a blank is %20 everywhere. */
function queryOf(query: ODataQuery, always: string): string {
  const options = Object.entries(query).map(([name, value]) => `$${name}=${encodeURIComponent(value)}`);
  if (always !== '') options.push(always);
  return options.length === 0 ? '' : `?${options.join('&')}`;
}
