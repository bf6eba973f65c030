import { createBell } from '../../kit/bell.ts';
import { type RunningSystem, type StartSystemOptions, startSystem } from '../../kit/start-system.ts';
import { startJourneys } from './journey.ts';
import { migrations } from './migrations.ts';
import { carrierRoutes } from './routes.ts';

/** Starts the carrier: takes parcels and scans each five times, `paceMillis` apart, until it is delivered. */
export function startCarrierSystem(options: StartSystemOptions): Promise<RunningSystem> {
  const scanned = createBell();
  return startSystem('carrier', migrations, options, async (knex) => ({
    routes: carrierRoutes({ knex, paceMillis: options.paceMillis, scanned }),
    startWorkers: () => [startJourneys({ knex, logger: options.logger, paceMillis: options.paceMillis, scanned })],
    async effects() {
      const { rows } = await knex.raw<{ rows: { consignments: string; scans: string; delivered: string }[] }>(
        `select (select count(*) from carrier.consignment) as consignments, (select count(*) from carrier.scan) as scans,
                (select count(*) from carrier.consignment where status = 'delivered') as delivered`,
      );
      return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([effect, times]) => [effect, Number(times)]));
    },
  }));
}
