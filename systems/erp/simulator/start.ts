import { createBell } from '../../kit/bell.ts';
import { type RunningSystem, type StartSystemOptions, startSystem } from '../../kit/start-system.ts';
import { startWorker } from '../../kit/worker.ts';
import { financeRoutes } from './finance-routes.ts';
import { glRoutes } from './gl-routes.ts';
import { masterDataRoutes } from './master-data-routes.ts';
import { migrations } from './migrations.ts';
import { postDueBilling } from './posting.ts';
import { type ErpSample, isEmptyErp, seedErp } from './seed.ts';

export interface StartErpOptions extends StartSystemOptions {
  /** Master data for an ERP that has none yet. Called only then: deriving it takes time. Empty when left out. */
  readonly sample?: () => ErpSample;
}

/**
 * Starts the reference ERP. A billing document goes into the books one pace after it was created; with a pace of 0 it
 * is booked before the answer is sent.
 */
export function startErpSystem(options: StartErpOptions): Promise<RunningSystem> {
  return startSystem('erp', migrations, options, async (knex) => {
    if (options.sample && (await isEmptyErp(knex))) await seedErp(knex, options.sample());
    const bell = createBell();
    return {
      routes: [
        ...masterDataRoutes(knex, bell),
        ...financeRoutes(knex, bell, options.paceMillis),
        ...glRoutes(knex, bell),
      ],
      startWorkers: () => [
        startWorker({
          name: 'erp-posting',
          logger: options.logger,
          bell,
          async round() {
            const { posted, nextDueMillis } = await postDueBilling(knex);
            if (posted > 0) bell.ring();
            return nextDueMillis;
          },
        }),
      ],
      async effects() {
        const { rows } = await knex.raw<{ rows: Record<string, string>[] }>(`
          select (select count(*) from erp.material) as materials,
                 (select count(*) from erp.condition_record) as conditions,
                 (select count(*) from erp.billing_document where doc_type = 'F2') as invoices,
                 (select count(*) from erp.billing_document where doc_type = 'G2') as "creditMemos",
                 (select count(*) from erp.accounting_document) as "accountingDocuments",
                 (select count(*) from erp.gl_document) as "glDocuments",
                 (select count(*) from erp.payment) as payments`);
        return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, count]) => [name, Number(count)]));
      },
    };
  });
}
