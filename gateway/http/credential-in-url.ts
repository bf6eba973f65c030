import { HttpProblem } from './problem.ts';

/** Names under which clients put credentials into URLs. A stream's `ticket` is none: it is worthless after its first use. */
const NAMES: ReadonlySet<string> = new Set([
  'x-api-key',
  'api-key',
  'api_key',
  'apikey',
  'key',
  'authorization',
  'access_token',
  'token',
  'jwt',
  'bearer',
]);

/**
 * Refuses a credential in a URL, where logs, histories and referrers of everybody in between keep it.
 * @throws HttpProblem 401 UNAUTHENTICATED; the text does not repeat it
 */
export function refuseCredentialInUrl(url: URL): void {
  for (const name of url.searchParams.keys()) {
    if (!NAMES.has(name.toLowerCase())) continue;
    throw new HttpProblem(
      401,
      'UNAUTHENTICATED',
      'A credential must not stand in the URL. Send it in a header, and replace this one: logs on the way may hold it.',
    );
  }
}
