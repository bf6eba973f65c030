import { openDatabase } from '../../platform/db/database.ts';
import { erpFinanceSystem } from '../../subgraphs/settlement/adapters/erp.ts';
import { createVoucherWork } from '../../subgraphs/settlement/vouchers/worker.ts';
import { createErpClient } from '../../systems/erp/client.ts';

// Does the run that is due, one entry per voucher, on the database of argument 1 and the ERP of arguments 2 and 3, and
// stops when the ERP has accepted the second voucher and nothing of it is noted here: for a test that kills it there.
const [databaseUrl = '', baseUrl = '', token = ''] = process.argv.slice(2);
const finance = erpFinanceSystem(createErpClient({ baseUrl, token, timeoutMillis: 30_000 }));
let accepted = 0;
const work = createVoucherWork({
  knex: openDatabase(databaseUrl, { poolMax: 4, applicationName: 'test-vouchers' }),
  erp: {
    ...finance,
    async postVoucher(voucher, signal) {
      const answer = await finance.postVoucher(voucher, signal);
      accepted += 1;
      if (accepted < 2) return answer;
      process.stdout.write(`${JSON.stringify({ accepted })}\n`);
      return new Promise(() => setInterval(() => undefined, 1_000));
    },
  },
  mostEntries: 1,
  desk: { raise: async () => undefined, resolve: async () => undefined },
  onFailure: () => undefined,
});
await work.step(new AbortController().signal);
