import { callerOn, type Grant } from '../access/grant.ts';
import type { FormerContract } from '../publication/publication.ts';
import type { GatewayRuntime } from '../runtime.ts';
import { namedVersion } from './contract-route.ts';
import { HttpProblem, noSuchContract } from './problem.ts';

/** What is said to a client of an earlier version with each answer: RFC 9745 (Deprecation), RFC 8594 (Sunset). */
export function formerVersionHeaders({ definition, version, successor }: FormerContract): Record<string, string> {
  const since = Date.parse(`${successor?.published ?? version.published}T00:00:00Z`) / 1_000;
  return {
    deprecation: `@${since}`,
    ...(version.sunset === null ? {} : { sunset: new Date(`${version.sunset}T00:00:00Z`).toUTCString() }),
    link: `</graphql/${definition.name}>; rel="latest-version"${
      successor ? `, </graphql/${definition.name}/${successor.version}>; rel="successor-version"` : ''
    }`,
  };
}

/**
 * Why a path is not served: 410 for a version whose time is over, with what its clients have to do; 404 for everything
 * else, also for a version of a contract that the credential may not speak. Nothing falls forward to another version.
 */
export function notServed(runtime: GatewayRuntime, pathname: string, grant: Grant): HttpProblem {
  const named = namedVersion(pathname);
  const former = named && callerOn(grant, named.name) ? runtime.formerVersion(`${named.name}/${named.version}`) : null;
  if (!former) return noSuchContract();
  const { definition, version } = former;
  return new HttpProblem(
    410,
    'VERSION_EXPIRED',
    `The version ${definition.path} was served until ${version.sunset}. ${version.migration.trim()}`,
    { ...formerVersionHeaders(former), 'content-type': 'application/problem+json; charset=utf-8' },
    {
      members: {
        title: 'This version is no longer served',
        status: 410,
        detail: version.migration.trim(),
        version: version.version,
      },
    },
  );
}
