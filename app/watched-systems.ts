import type { WatchedSystem } from '../subgraphs/operations/index.ts';
import { AMAZON_PROFILE } from '../systems/amazon/profile.ts';
import { CARRIER_PROFILE } from '../systems/carrier/profile.ts';
import { CHANNEL_PROFILE } from '../systems/channel/profile.ts';
import type { SystemStatistics } from '../systems/client-kit/statistics.ts';
import { ERP_PROFILE } from '../systems/erp/profile.ts';
import { OMS_PROFILE } from '../systems/oms/profile.ts';
import { domainsOf, portsOf, type SystemProfile } from '../systems/port-map.ts';
import { WALMART_PROFILE } from '../systems/walmart/profile.ts';
import { WMS_PROFILE } from '../systems/wms/profile.ts';
import { loadX12Partners } from '../systems/x12/partners.ts';
import { X12_PROFILE } from '../systems/x12/profile.ts';
import { type ProductParts, type RoutedSystems, routesTo } from './routed-systems.ts';
import type { SystemClients } from './system-clients.ts';

/** Of a system that is not called: it reads and writes a folder. What it did not understand is on the exception desk. */
const noCalls = (system: string): SystemStatistics => ({ system, circuit: 'CLOSED', lastSuccessAt: null, lastFailureAt: null, lastFailureCode: null, circuitClosedAt: null, p95LatencyMillis: null, exchanges: 0, failures: 0, retries: 0 }); // biome-ignore format: one thought

/** The systems that a process talks to, with what each can do and what is read from it, for `systems` of the graph. */
export function watchedSystems(
  { erp, oms, wms, carrier, channel, walmart, amazon }: SystemClients,
  { routing, connected }: Pick<RoutedSystems, 'routing' | 'connected'>,
  productParts: ProductParts,
): WatchedSystem[] {
  const watched = (code: string, profile: SystemProfile, client: Pick<WatchedSystem, 'statistics'>): WatchedSystem => ({
    code,
    name: profile.name,
    kind: profile.kind,
    domains: domainsOf(profile),
    ports: portsOf(profile),
    routes: async () => routesTo(code, routing(), await productParts()),
    statistics: client.statistics,
  });
  return [
    watched('erp', ERP_PROFILE, erp),
    watched('oms', OMS_PROFILE, oms),
    watched('wms', WMS_PROFILE, wms),
    watched('carrier', CARRIER_PROFILE, carrier),
    ...(channel === null ? [] : [watched('channel', CHANNEL_PROFILE, channel)]),
    ...[...walmart].flatMap(([code, client]) =>
      client === null ? [] : [watched(code.toLowerCase(), WALMART_PROFILE, client)],
    ),
    ...loadX12Partners().map(({ name }) =>
      watched(name.toLowerCase(), X12_PROFILE, { statistics: () => noCalls(name) }),
    ),
    ...[...amazon].flatMap(([code, client]) =>
      client === null ? [] : [watched(code.toLowerCase(), AMAZON_PROFILE, client)],
    ),
    ...[...connected].map(([name, { client, profile }]) => watched(name, profile, client)),
  ];
}
