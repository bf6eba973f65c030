import { openDatabase } from '../../platform/db/database.ts';
import { settlementPhases } from '../helpers/settlement-phases.ts';

// Does the phases of settlement work that are named from argument 2 on, on the database of argument 1, and ends: for tests that
// kill it on the way. The first line says that it has begun, the last one that it is through.
const [url = '', ...phases] = process.argv.slice(2);
const knex = openDatabase(url, { poolMax: 4, applicationName: 'test-settlement' });
const work = settlementPhases(knex);
process.stdout.write('{"begun":true}\n');
for (const phase of phases) await work(phase);
process.stdout.write('{"through":true}\n');
await knex.destroy();
