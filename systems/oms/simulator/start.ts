import { createBell } from '../../kit/bell.ts';
import { type RunningSystem, type StartSystemOptions, startSystem } from '../../kit/start-system.ts';
import { startWorker } from '../../kit/worker.ts';
import { acknowledgeDueOrders } from './acknowledgement.ts';
import { migrations } from './migrations.ts';
import { deskRoutes } from './routes.ts';

/**
 * Starts the reference order desk. It acknowledges an order one pace after the client registered it; with a pace of 0
 * before the answer is sent.
 */
export function startOmsSystem(options: StartSystemOptions): Promise<RunningSystem> {
  return startSystem('oms', migrations, options, async (knex) => {
    const bell = createBell();
    return {
      routes: deskRoutes(knex, bell, options.paceMillis),
      startWorkers: () => [
        startWorker({
          name: 'oms-acknowledgement',
          logger: options.logger,
          bell,
          async round() {
            const { acknowledged, nextDueMillis } = await acknowledgeDueOrders(knex);
            if (acknowledged > 0) bell.ring();
            return nextDueMillis;
          },
        }),
      ],
      async effects() {
        const { rows } = await knex.raw<{ rows: Record<string, string>[] }>(`
          select (select count(*) from oms.desk_order) as "deskOrders",
                 (select count(*) from oms.notice where kind = 'DISPATCH') as dispatches,
                 (select count(*) from oms.notice where kind = 'CANCELLATION') as cancellations,
                 (select count(*) from oms.notice where kind = 'RETURN') as returns`);
        return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, count]) => [name, Number(count)]));
      },
    };
  });
}
