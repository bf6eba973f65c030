import { openDatabase } from '../../platform/db/database.ts';
import { ingestReport } from '../../subgraphs/settlement/ingest/ingest.ts';
import { canonicalFile, sourceOf } from '../helpers/settlement-files.ts';

// Takes in a report on the database of argument 1 and stops in the middle of it: for a test that kills it there.
const knex = openDatabase(process.argv[2] ?? '', { poolMax: 4, applicationName: 'test-ingest' });
const whole = sourceOf(
  canonicalFile(
    'killed',
    Array.from({ length: 16_000 }, () => ({ class: 'SALE', amountMinor: 1 })),
  ),
);
let pass = 0;
await ingestReport(knex, {
  ...whole,
  bytes: async function* () {
    pass += 1;
    let pieces = 0;
    for await (const piece of whole.bytes()) {
      yield piece;
      pieces += 1;
      // The first pass only takes the hash.
      if (pass === 2 && pieces === 3) {
        process.stdout.write('{"loading":true}\n');
        await new Promise(() => setInterval(() => undefined, 1_000));
      }
    }
  },
});
