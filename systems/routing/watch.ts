import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { sleep } from '../../platform/clock.ts';
import { CommerceError } from '../../platform/errors.ts';
import type { Routing } from './model.ts';
import { parseRouting } from './read.ts';
import { systemsOf } from './resolve.ts';

export interface WatchedRouting {
  /** What is in force now. */
  readonly current: () => Routing;
  /** Looks at the file until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks once. @returns whether something else is in force now */
  look(): boolean;
}

const LOOK_EVERY_MILLIS = 2_000;

/**
 * Follows the file: what may change in a running process is in force with the next look. A file that is wrong, or asks for
 * what only a start can do, is not taken: what was in force stays, and `onRefused` is told once per text.
 * @param path absolute
 */
export function watchRouting(
  path: string,
  on: { readonly change: () => void; readonly refused: (error: unknown) => void },
): WatchedRouting {
  let text = readFileSync(path, 'utf8');
  let current = parseRouting(text, path);

  function look(): boolean {
    try {
      const found = readFileSync(path, 'utf8');
      if (found === text) return false;
      text = found;
      const next = parseRouting(found, path);
      requireSameSystems(current, next, path);
      if (isDeepStrictEqual(next, current)) return false;
      current = next;
    } catch (error) {
      on.refused(error);
      return false;
    }
    on.change();
    return true;
  }

  return {
    current: () => current,
    look,
    async run(signal) {
      while (!signal.aborted) {
        await sleep(LOOK_EVERY_MILLIS, signal);
        look();
      }
    },
  };
}

/** Connections are opened, and feeds begun, at the start of a process. */
function requireSameSystems(before: Routing, after: Routing, path: string): void {
  const wrong: string[] = [];
  if (!isDeepStrictEqual(before.systems, after.systems)) wrong.push('systems');
  for (const [domain, route] of Object.entries(after.domains)) {
    const earlier = before.domains[domain as keyof Routing['domains']];
    if (!isDeepStrictEqual(systemsOf(route).sort(), systemsOf(earlier).sort())) wrong.push(`domains.${domain}.system`);
  }
  if (wrong.length > 0)
    throw new CommerceError('CONFIGURATION_INVALID', `${path}: ${wrong.join(', ')} changed: restart the processes`);
}
