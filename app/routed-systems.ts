import { resolve } from 'node:path';
import { namedVariable } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import { projectFile } from '../platform/paths.ts';
import { createBusinessCentralClient } from '../systems/business-central/client.ts';
import { BUSINESS_CENTRAL_PROFILE } from '../systems/business-central/profile.ts';
import type { ODataClient } from '../systems/odata/client.ts';
import type { Domain, SystemProfile } from '../systems/port-map.ts';
import type { DomainRoute, Routing, SystemEntry } from '../systems/routing/model.ts';
import { systemsOf } from '../systems/routing/resolve.ts';
import { watchRouting } from '../systems/routing/watch.ts';
import { createSapClient, type SapClient } from '../systems/sap/client.ts';
import { profileOfSap } from '../systems/sap/profile.ts';
import { createSqlClient, type SqlClient } from '../systems/sql/client.ts';
import type { SqlMapping } from '../systems/sql/mapping.ts';
import { profileOfMapping } from '../systems/sql/profile.ts';
import { readMapping } from '../systems/sql/read-mapping.ts';
import { createTrytonClient, type TrytonClient } from '../systems/tryton/client.ts';
import { TRYTON_PROFILE } from '../systems/tryton/profile.ts';
import { createVendureClient, type VendureClient } from '../systems/vendure/client.ts';
import { VENDURE_PROFILE } from '../systems/vendure/profile.ts';

/** What config/systems.yaml says of an SAP system. */
export type SapEntry = Extract<SystemEntry, { readonly adapter: 'sap' }>;

type TrytonEntry = Extract<SystemEntry, { readonly adapter: 'tryton' }>;

/** A system that this process talks to, as its adapters need it. */
export type ConnectedSystem = { readonly profile: SystemProfile } & (
  | {
      readonly adapter: 'tryton';
      readonly client: TrytonClient;
      readonly currency: string;
      readonly siteKinds: TrytonEntry['siteKinds'];
    }
  | {
      readonly adapter: 'business-central';
      readonly client: ODataClient;
      readonly terms: { readonly currencyCode: string; readonly priceList: string; readonly taxBasisPoints: number };
    }
  | { readonly adapter: 'sap'; readonly client: SapClient; readonly entry: SapEntry }
  | {
      readonly adapter: 'vendure';
      readonly client: VendureClient;
      readonly entry: Extract<SystemEntry, { readonly adapter: 'vendure' }>;
    }
  | { readonly adapter: 'sql'; readonly client: SqlClient; readonly mapping: SqlMapping }
);

/** The systems of record that `config/systems.yaml` names beside the reference systems, and what is read from which. */
export interface RoutedSystems {
  readonly routing: () => Routing;
  /** By the names of the systems; only those that a domain is read from. */
  readonly connected: ReadonlyMap<string, ConnectedSystem>;
  close(): Promise<void>;
}

const FILE = 'config/systems.yaml';
const absolute = (file: string | null) => (file === null ? projectFile(...FILE.split('/')) : resolve(file));

/**
 * Reads the file, follows it, and creates the clients; nothing is connected yet.
 * @throws CommerceError CONFIGURATION_INVALID, naming what is wrong in the file, or a variable that is not set
 */
export function openRoutedSystems(options: {
  /** Null: config/systems.yaml. */
  readonly file: string | null;
  readonly timeoutMillis: number;
  readonly logger: Logger;
}): RoutedSystems {
  const { file, timeoutMillis, logger } = options;
  const watched = watchRouting(absolute(file), {
    change: () => logger.info(`${file ?? FILE} changed and is in force`),
    refused: (err) => logger.error({ err }, `${file ?? FILE} changed and is not taken: what was in force stays`),
  });
  const { systems, domains } = watched.current();
  const used = new Set(Object.values(domains).flatMap(systemsOf));
  const connected = new Map<string, ConnectedSystem>();
  for (const [name, entry] of Object.entries(systems)) {
    const system = used.has(name) ? connect(name, entry, timeoutMillis) : null;
    if (system) connected.set(name, system);
  }
  const stopping = new AbortController();
  const watching = watched.run(stopping.signal);
  return {
    routing: watched.current,
    connected,
    async close() {
      stopping.abort();
      await watching;
      await Promise.all([...connected.values()].map(({ client }) => client.close()));
    },
  };
}

/** @returns null for the reference systems, which are connected otherwise */
function connect(name: string, entry: SystemEntry, timeoutMillis: number): ConnectedSystem | null {
  const read = (variable: string) => namedVariable(variable, FILE);
  switch (entry.adapter) {
    case 'tryton': {
      const account = {
        database: read(entry.database),
        user: read(entry.user),
        password: read(entry.password),
      };
      const client = createTrytonClient({ baseUrl: read(entry.address), ...account, timeoutMillis });
      return {
        adapter: 'tryton',
        profile: TRYTON_PROFILE,
        client,
        currency: entry.currency,
        siteKinds: entry.siteKinds,
      };
    }
    case 'business-central': {
      const [address, company, tokenAddress] = [read(entry.address), read(entry.company), read(entry.tokenAddress)];
      const account = { clientId: read(entry.user), clientSecret: read(entry.password) };
      const client = createBusinessCentralClient({ address, company, tokenAddress, ...account, timeoutMillis });
      const terms = {
        currencyCode: entry.currency,
        priceList: entry.priceList,
        taxBasisPoints: Math.round(entry.taxRate * 100),
      };
      return { adapter: 'business-central', profile: BUSINESS_CENTRAL_PROFILE, client, terms };
    }
    case 'sap': {
      const account = { user: read(entry.user), password: read(entry.password) };
      const client = createSapClient({ address: read(entry.address), ...account, timeoutMillis });
      return { adapter: 'sap', profile: profileOfSap(entry.orders !== undefined), client, entry };
    }
    case 'vendure': {
      const account = { user: read(entry.user), password: read(entry.password) };
      const client = createVendureClient({ address: read(entry.address), ...account, timeoutMillis });
      return { adapter: 'vendure', profile: VENDURE_PROFILE, client, entry };
    }
    case 'sql': {
      const { mapping } = readMapping(projectFile(entry.mapping));
      const { dialect, concurrency } = mapping;
      const account = { user: read(entry.user), password: read(entry.password) };
      const client = createSqlClient(name, {
        address: read(entry.address),
        dialect,
        concurrency,
        ...account,
        timeoutMillis,
      });
      return { adapter: 'sql', profile: profileOfMapping(mapping), client, mapping };
    }
    default:
      return null;
  }
}

/** Which system serves which part of the catalogue, where that was ever moved or configured by part. The last is the rest. */
export type ProductParts = () => Promise<readonly { readonly name: string; readonly system: string }[] | null>;

/** What is read from a system now, domain by domain, for `systems` of the graph. */
export function routesTo(system: string, { domains }: Routing, productParts: Awaited<ReturnType<ProductParts>>) {
  return (Object.entries(domains) as [Domain, DomainRoute][]).flatMap(([domain, route]) =>
    [{ ...route, name: null }, ...route.cohorts]
      .map((one) => {
        const part = domain === 'product' ? productParts?.find(({ name }) => name === (one.name ?? '')) : undefined;
        return { ...one, system: part?.system ?? one.system };
      })
      .filter((one) => one.system === system)
      .map(({ name, read, freshnessSeconds }) => ({
        domain,
        cohort: name,
        readMode: read === 'live' ? ('LIVE' as const) : ('PROJECTED' as const),
        freshnessSeconds,
      })),
  );
}
