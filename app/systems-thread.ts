import { parentPort } from 'node:worker_threads';
import type { SystemName } from '../platform/config.ts';
import { startReferenceSystem } from './reference-systems.ts';
import { systemToken } from './system-token.ts';
import { BEHIND, runThread } from './thread.ts';
import type { ThreadData } from './threads.ts';

export interface SystemsThreadData extends ThreadData {
  /** Databases of the systems to start. */
  readonly databaseUrls: Readonly<Partial<Record<SystemName, string>>>;
  /** Of a carrier that is not started here. */
  readonly carrierUrl: string | null;
}

/** What the thread posts when its systems listen. */
export type SystemUrls = Readonly<Partial<Record<SystemName, string>>>;

// The reference systems of `npm start`: in a thread of their own, as in earnest they are on machines of their own.
await runThread<SystemsThreadData>('systems', BEHIND.clients, async (base, { databaseUrls, carrierUrl }) => {
  const { config, secret, logger, shutdown } = base;
  const urls: Partial<Record<SystemName, string>> = {};
  const start = async (name: SystemName) => {
    const databaseUrl = databaseUrls[name];
    if (databaseUrl === undefined) return;
    const carrier = urls.carrier ?? carrierUrl;
    const system = await startReferenceSystem(name, {
      databaseUrl,
      token: systemToken(config, secret, name),
      host: '127.0.0.1',
      port: 0,
      paceMillis: config.demoPaceMillis,
      logger: logger.child({ component: `${name}-system` }),
      carrier: carrier === null ? null : { url: carrier, token: systemToken(config, secret, 'carrier') },
    });
    shutdown.add(`${name} system`, () => system.stop());
    urls[name] = system.url;
  };
  await start('carrier'); // first: the WMS hands it parcels
  await Promise.all([start('erp'), start('oms'), start('wms'), start('channel')]);
  parentPort?.postMessage(urls satisfies SystemUrls);
});
