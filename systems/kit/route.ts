import type { z } from 'zod';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Names of the `:parameters` in a path. */
type ParameterOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterOf<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** What a handler answers. `status` is 200 unless given. */
export interface Reply {
  readonly status?: number;
  readonly body: unknown;
}

export interface RouteRequest<Path extends string, Query, Body> {
  readonly params: Readonly<Record<ParameterOf<Path>, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Aborts when the caller hangs up or the system stops. Long polls must obey it. */
  readonly signal: AbortSignal;
}

interface RouteDefinition<Path extends string, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: Method;
  /** e.g. `/outbound-deliveries/:deliveryNo/cancel`. */
  readonly path: Path;
  readonly query?: Query;
  readonly body?: Body;
  /** Name of the list in the answer that the `duplicate` and `reorder` faults work on. Set it on feeds. */
  readonly feedList?: string;
  handle(request: RouteRequest<Path, z.output<Query>, z.output<Body>>): Promise<Reply>;
}

/** A route as the server sees it: parsing included, types gone. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly feedList: string | null;
  /** @throws ZodError when query or body are not what the route takes; Refusal when the system says no */
  answer(raw: {
    params: Record<string, string>;
    query: Record<string, string>;
    body: unknown;
    signal: AbortSignal;
  }): Promise<Reply>;
}

/** Declares one route. Query and body are parsed by their schema before the handler runs. */
export function route<
  const Path extends string,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: RouteDefinition<Path, Query, Body>): Route {
  return {
    method: definition.method,
    path: definition.path,
    feedList: definition.feedList ?? null,
    answer: ({ params, query, body, signal }) =>
      definition.handle({
        params: params as Record<ParameterOf<Path>, string>, // the matcher fills exactly the names in the path
        query: definition.query?.parse(query) as z.output<Query>,
        body: definition.body?.parse(body) as z.output<Body>,
        signal,
      }),
  };
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Record<string, string>;
}

/** @returns null when no route has this method and path */
export function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch | null {
  const parts = path.split('/');
  for (const candidate of routes) {
    if (candidate.method !== method) continue;
    const params = matchPath(candidate.path.split('/'), parts);
    if (params) return { route: candidate, params };
  }
  return null;
}

function matchPath(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const part = parts[index] ?? '';
    if (expected.startsWith(':')) {
      if (part === '') return null;
      params[expected.slice(1)] = decodeURIComponent(part);
    } else if (expected !== part) return null;
  }
  return params;
}
