import { CommerceError } from '../../platform/errors.ts';
import { callerOn, type Grant } from '../access/grant.ts';
import type { FormerContract } from '../publication/publication.ts';
import type { GatewayRuntime } from '../runtime.ts';
import { namedVersion } from './contract-route.ts';
import { HttpProblem, NO_SUCH_CONTRACT } from './problem.ts';

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

/** Why a contract is not served, in the words and codes of every transport. */
export interface NotServed {
  readonly code: 'VERSION_EXPIRED' | 'NOT_FOUND';
  readonly message: string;
  /** The version whose time is over. Null: there never was one, or the credential may not know. */
  readonly expired: FormerContract | null;
}

/**
 * Why a path is not served. Only who may speak a contract learns of its versions: for the others it is not there at all.
 * Nothing falls forward to another version.
 */
export function whyNotServed(runtime: GatewayRuntime, pathname: string, grant: Grant): NotServed {
  const named = namedVersion(pathname);
  if (!named || !callerOn(grant, named.name)) return { code: 'NOT_FOUND', message: NO_SUCH_CONTRACT, expired: null };
  const expired = runtime.formerVersion(`${named.name}/${named.version}`);
  if (expired) return { code: 'VERSION_EXPIRED', message: expiryNote(expired), expired };
  const [newest, ...former] = runtime.servedVersions(named.name);
  if (newest === undefined) return { code: 'NOT_FOUND', message: NO_SUCH_CONTRACT, expired: null };
  const versions = [
    `/graphql/${newest} (the newest, also at /graphql/${named.name})`,
    ...former.map((path) => `/graphql/${path}`),
  ];
  return {
    code: 'NOT_FOUND',
    message: `The contract ${named.name} has no version ${named.version}. It is served at ${versions.join(', ')}.`,
    expired: null,
  };
}

/** What ends a subscription or an operation of a connection that began while its contract was still served. */
export function noLongerServed(runtime: GatewayRuntime, contractPath: string): CommerceError {
  const expired = runtime.formerVersion(contractPath);
  return expired
    ? new CommerceError('VERSION_EXPIRED', expiryNote(expired))
    : new CommerceError('NOT_FOUND', 'This contract is no longer served.');
}

function expiryNote({ definition, version }: FormerContract): string {
  return `The version ${definition.path} was served until ${version.sunset}. ${version.migration.trim()}`;
}

/** The same over HTTP: 410 for a version whose time is over, with what its clients have to do; 404 for everything else. */
export function notServed(runtime: GatewayRuntime, pathname: string, grant: Grant): HttpProblem {
  const { code, message, expired } = whyNotServed(runtime, pathname, grant);
  if (!expired) return new HttpProblem(404, code, message);
  const { version } = expired;
  return new HttpProblem(
    410,
    code,
    message,
    { ...formerVersionHeaders(expired), 'content-type': 'application/problem+json; charset=utf-8' },
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
