import type { Knex } from 'knex';
import { CARRIER_CODE } from '../../carrier/carrier-code.ts';
import { createCarrierClient } from '../../carrier/client.ts';
import { createBell } from '../../kit/bell.ts';
import { type RunningSystem, type StartSystemOptions, startSystem } from '../../kit/start-system.ts';
import { type AnnounceConsignment, startAnnouncing } from './carrier-announcement.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { startFloor } from './floor.ts';
import { inboundAdviceRoutes } from './inbound-advices.ts';
import { migrations } from './migrations.ts';
import { seedWms, type WmsSeed } from './seed.ts';
import { stockDocumentRoutes } from './stock-documents.ts';
import { stockRoutes } from './stock-routes.ts';

export interface StartWmsOptions extends StartSystemOptions {
  /** Loaded at every start; see `seedWms`. */
  readonly seed?: WmsSeed;
  /** The carrier that gets the parcels. Without one, parcels wait. */
  readonly carrier?: { readonly url: string; readonly token: string };
}

/** How long the carrier may take for one announcement. */
const CARRIER_TIMEOUT_MILLIS = 3_000;

/** Starts the warehouse system: sites, stock ledger, outbound deliveries, and a floor that works at `paceMillis` a stage. */
export function startWmsSystem(options: StartWmsOptions): Promise<RunningSystem> {
  const { logger, paceMillis } = options;
  const bells = { deliveriesChanged: createBell(), stockMoved: createBell(), parcelsPacked: createBell() };
  return startSystem('wms', migrations, options, async (knex) => {
    if (options.seed) await seedWms(knex, options.seed);
    const floor = { knex, logger, paceMillis, carrierCode: CARRIER_CODE, ...bells };
    return {
      routes: [
        ...stockRoutes(knex, bells.stockMoved),
        ...inboundAdviceRoutes(knex),
        ...stockDocumentRoutes(knex, bells.stockMoved),
        ...deliveryRoutes(floor),
      ],
      startWorkers: () => [startFloor(floor), ...(options.carrier ? [announcing(options.carrier)] : [])],
      effects: () => effects(knex),
    };

    function announcing(carrier: { url: string; token: string }) {
      const client = createCarrierClient({
        baseUrl: carrier.url,
        token: carrier.token,
        timeoutMillis: CARRIER_TIMEOUT_MILLIS,
      });
      const announce: AnnounceConsignment = async (consignment, signal) => {
        await client.registerConsignment(consignment, { signal });
      };
      const worker = startAnnouncing({ knex, logger, parcelsPacked: bells.parcelsPacked, announce });
      return {
        async stop() {
          await worker.stop();
          await client.close();
        },
      };
    }
  });
}

/** What really happened, by kind. */
async function effects(knex: Knex): Promise<Record<string, number>> {
  const { rows } = await knex.raw<{ rows: { effect: string; times: string }[] }>(
    `select 'deliveries' as effect, count(*) as times from wms.delivery
     union all select 'deliveries ' || status, count(*) from wms.delivery group by status
     union all select 'movements ' || movement_code, count(*) from wms.stock_ledger group by movement_code
     union all select 'parcels', count(*) from wms.parcel
     union all select 'parcels announced', count(*) from wms.parcel where announced_at is not null`,
  );
  return Object.fromEntries(rows.map((row) => [row.effect, Number(row.times)]));
}
