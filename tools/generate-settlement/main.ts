import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { withStore } from '../../cli/store.ts';
import { readSoldOrders } from './orders.ts';
import { planReport } from './plan.ts';
import { WRITERS } from './write.ts';

// `npm run generate:settlement -- --channel AMAZON --format amazon-v2 --output report.txt [--errors 2]`: a report about our own
// invoiced orders, and beside it `<output>.planted.json` with the errors that are in it.
const { values } = parseArgs({
  options: {
    channel: { type: 'string', default: 'AMAZON' },
    format: { type: 'string', default: 'amazon-v2' },
    output: { type: 'string', default: 'settlement-report.txt' },
    errors: { type: 'string', default: '0' },
    orders: { type: 'string', default: '1000' },
    id: { type: 'string', default: `generated-${new Date().toISOString().slice(0, 10)}` },
  },
});
const write = WRITERS[values.format as keyof typeof WRITERS];
if (!write) {
  console.error(`--format is one of ${Object.keys(WRITERS).join(', ')}.`);
  process.exit(2);
}
await withStore(async ({ knex }) => {
  const { currencyCode, orders } = await readSoldOrders(knex, values.channel, Number(values.orders));
  if (orders.length === 0) {
    console.error(`Channel ${values.channel} has no invoiced orders.`);
    process.exitCode = 1;
    return;
  }
  const periodEnd = new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000);
  const periodStart = new Date(periodEnd.getTime() - 14 * 86_400_000);
  const plan = planReport(orders, {
    periodStart,
    periodEnd,
    errorsOfEach: Number(values.errors),
    commissionBasisPoints: 1_500,
  });
  writeFileSync(values.output, write({ externalId: values.id, currencyCode, periodStart, periodEnd }, plan.rows));
  writeFileSync(`${values.output}.planted.json`, `${JSON.stringify(plan.planted, null, 2)}\n`);
  console.log(
    `${values.output}: ${plan.rows.length} rows about ${orders.length} orders, ${plan.planted.length} errors planted`,
  );
});
