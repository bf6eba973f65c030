import type { Knex } from 'knex';
import type { WatchedSystem } from '../subgraphs/operations/index.ts';
import { AMAZON_PROFILE } from '../systems/amazon/profile.ts';
import { CARRIER_PROFILE } from '../systems/carrier/profile.ts';
import { CHANNEL_PROFILE } from '../systems/channel/profile.ts';
import { EASYPOST_PROFILE } from '../systems/easypost/profile.ts';
import { ERP_PROFILE } from '../systems/erp/profile.ts';
import { MIRAKL_PROFILE } from '../systems/mirakl/profile.ts';
import { OMS_PROFILE } from '../systems/oms/profile.ts';
import { domainsOf, portsOf, type SystemProfile } from '../systems/port-map.ts';
import { SHIPENGINE_PROFILE } from '../systems/shipengine/profile.ts';
import { WALMART_PROFILE } from '../systems/walmart/profile.ts';
import { WMS_PROFILE } from '../systems/wms/profile.ts';
import { loadX12Partners } from '../systems/x12/partners.ts';
import { X12_PROFILE } from '../systems/x12/profile.ts';
import { readX12Traffic } from '../systems/x12/traffic.ts';
import { type ProductParts, type RoutedSystems, routesTo } from './routed-systems.ts';
import type { SystemClients } from './system-clients.ts';

/** The systems that a process talks to, with what each can do and what is read from it, for `systems` of the graph. */
export function watchedSystems(
  knex: Knex,
  { erp, oms, wms, carrier, channel, walmart, amazon, mirakl, trackers }: SystemClients,
  { routing, connected }: Pick<RoutedSystems, 'routing' | 'connected'>,
  productParts: ProductParts,
): WatchedSystem[] {
  const watched = (
    code: string,
    profile: SystemProfile,
    client: Pick<WatchedSystem, 'statistics'> & Partial<Pick<WatchedSystem, 'files'>>,
  ): WatchedSystem => ({
    code,
    name: profile.name,
    kind: profile.kind,
    domains: domainsOf(profile),
    ports: portsOf(profile),
    routes: async () => routesTo(code, routing(), await productParts()),
    statistics: client.statistics,
    files: client.files ?? null,
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
      // It reads and writes a folder. What was not understood is on the exception desk.
      watched(name.toLowerCase(), X12_PROFILE, { statistics: () => null, files: () => readX12Traffic(knex, name) }),
    ),
    ...[...amazon].flatMap(([code, client]) =>
      client === null ? [] : [watched(code.toLowerCase(), AMAZON_PROFILE, client)],
    ),
    ...[...mirakl].flatMap(([code, client]) =>
      client === null ? [] : [watched(code.toLowerCase(), MIRAKL_PROFILE, client)],
    ),
    ...[...trackers].flatMap(([code, tracker]) =>
      tracker === null
        ? []
        : [watched(code, tracker.connector === 'easypost' ? EASYPOST_PROFILE : SHIPENGINE_PROFILE, tracker.client)],
    ),
    ...[...connected].map(([name, { client, profile }]) => watched(name, profile, client)),
  ];
}
