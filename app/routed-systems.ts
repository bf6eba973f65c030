import { namedVariable } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import { projectFile } from '../platform/paths.ts';
import type { Domain } from '../systems/port-map.ts';
import type { DomainRoute, Routing } from '../systems/routing/model.ts';
import { systemsOf } from '../systems/routing/resolve.ts';
import { watchRouting } from '../systems/routing/watch.ts';
import { createTrytonClient, type TrytonClient } from '../systems/tryton/client.ts';

/** The systems of record that `config/systems.yaml` names beside the reference systems, and what is read from which. */
export interface RoutedSystems {
  readonly routing: () => Routing;
  /** Clients by the names of their systems; only of those that a domain is read from. */
  readonly tryton: ReadonlyMap<string, { readonly client: TrytonClient; readonly currency: string }>;
  close(): Promise<void>;
}

const FILE = 'config/systems.yaml';

/**
 * Reads the file, follows it, and creates the clients; nothing is connected yet.
 * @throws CommerceError CONFIGURATION_INVALID, naming what is wrong in the file, or a variable that is not set
 */
export function openRoutedSystems(options: { readonly timeoutMillis: number; readonly logger: Logger }): RoutedSystems {
  const { timeoutMillis, logger } = options;
  const watched = watchRouting(projectFile('config', 'systems.yaml'), {
    change: () => logger.info(`${FILE} changed and is in force`),
    refused: (err) => logger.error({ err }, `${FILE} changed and is not taken: what was in force stays`),
  });
  const { systems, domains } = watched.current();
  const used = new Set(Object.values(domains).flatMap(systemsOf));
  const tryton = new Map<string, { client: TrytonClient; currency: string }>();
  for (const [name, entry] of Object.entries(systems)) {
    if (entry.adapter !== 'tryton' || !used.has(name)) continue;
    const [baseUrl = '', database = '', user = '', password = ''] = [entry.address, entry.database, entry.user, entry.password].map((variable) => namedVariable(variable, FILE)); // biome-ignore format: one thought
    const client = createTrytonClient({ baseUrl, database, user, password, timeoutMillis });
    tryton.set(name, { client, currency: entry.currency });
  }
  const stopping = new AbortController();
  const watching = watched.run(stopping.signal);
  return {
    routing: watched.current,
    tryton,
    async close() {
      stopping.abort();
      await watching;
      await Promise.all([...tryton.values()].map(({ client }) => client.close()));
    },
  };
}

/** What is read from a system now, domain by domain, for `systems` of the graph. */
export function routesTo(system: string, { domains }: Routing) {
  return (Object.entries(domains) as [Domain, DomainRoute][]).flatMap(([domain, route]) =>
    [{ ...route, name: null }, ...route.cohorts]
      .filter((one) => one.system === system)
      .map(({ name, read, freshnessSeconds }) => ({
        domain,
        cohort: name,
        readMode: read === 'live' ? ('LIVE' as const) : ('PROJECTED' as const),
        freshnessSeconds,
      })),
  );
}
