import type { SystemName } from '../platform/config.ts';
import { CommerceError } from '../platform/errors.ts';
import { awaitDatabase } from './await-database.ts';
import { openDatabases } from './databases.ts';
import { runProcess } from './process.ts';
import { startReferenceSystem } from './reference-systems.ts';
import { systemToken } from './system-token.ts';

const PORTS: Readonly<Record<SystemName, number>> = { erp: 4101, oms: 4102, wms: 4103, carrier: 4104, channel: 4105 };

// `npm run start:system <name>`: one reference system of record with its own database.
await runProcess('system', async (base) => {
  const { config, secret, logger, shutdown } = base;
  const name = process.argv[2] as SystemName;
  if (!(name in PORTS)) {
    throw new CommerceError(
      'CONFIGURATION_INVALID',
      `start:system needs the name of a system: ${Object.keys(PORTS).join(', ')}.`,
    );
  }
  const system = await startReferenceSystem(name, {
    databaseUrl: await databaseUrl(),
    token: systemToken(config, secret, name),
    host: config.host,
    port: config.systemPort ?? PORTS[name],
    paceMillis: config.demoPaceMillis,
    logger: logger.child({ component: `${name}-system` }),
    carrier:
      config.systemUrls.carrier === null
        ? null
        : { url: config.systemUrls.carrier, token: systemToken(config, secret, 'carrier') },
  });
  shutdown.add(`${name} system`, () => system.stop());
  logger.info({ system: name, url: system.url }, 'system listens');
  if (name === 'wms' && config.systemUrls.carrier === null)
    logger.warn(
      'CARRIER_URL is not set: this warehouse tells no carrier of its parcels, so that nobody scans them and no order is delivered',
    );

  async function databaseUrl(): Promise<string> {
    const url = config.database.systemUrl ?? config.database.url;
    if (url !== null) await awaitDatabase(base, url, null);
    if (config.database.systemUrl !== null) {
      return config.database.systemUrl;
    }
    const databases = await openDatabases(config);
    shutdown.add('database server', databases.stop);
    return databases.systemUrl(name);
  }
});
