import { openDatabase } from '../../platform/db/database.ts';
import { erpFinanceSystem } from '../../subgraphs/settlement/adapters/erp.ts';
import { createErpClient } from '../../systems/erp/client.ts';
import { settlementPhases } from '../helpers/settlement-phases.ts';

// Does the phases of settlement work that are named from argument 2 on, on the database of argument 1 and the ERP of TEST_ERP_URL,
// and ends: for tests that kill it on the way. The first line says that it has begun, the last one that it is through.
const [url = '', ...phases] = process.argv.slice(2);
const { TEST_ERP_URL: baseUrl, TEST_ERP_TOKEN: token = '' } = process.env;
const knex = openDatabase(url, { poolMax: 4, applicationName: 'test-settlement' });
const erp = baseUrl === undefined ? null : createErpClient({ baseUrl, token, timeoutMillis: 30_000 });
const work = settlementPhases(knex, erp && erpFinanceSystem(erp));
process.stdout.write('{"begun":true}\n');
for (const phase of phases) await work(phase);
process.stdout.write('{"through":true}\n');
await erp?.close();
await knex.destroy();
