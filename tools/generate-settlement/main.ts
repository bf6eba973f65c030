import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CommandFailure, environment, usage } from '../../cli/failure.ts';
import { withStore } from '../../cli/store.ts';
import { isCurrencyCode } from '../../platform/money.ts';
import { readSoldOrders } from './orders.ts';
import { planReport } from './plan.ts';
import { WRITERS } from './write.ts';

const USAGE = `npm run generate:settlement -- [options]

Writes a settlement report about our own invoiced orders, and beside it <output>.planted.json, which names the errors in it.

  --channel <code>    whose orders (AMAZON)
  --currency <code>   orders sold in this currency (that of most of the channel's)
  --format <format>   ${Object.keys(WRITERS).join(', ')} (amazon-v2)
  --output <file>     (settlement-report.txt)
  --errors <number>   how often each error is planted, each time in an order of its own (0)
  --orders <number>   most orders that it is about (1000)
  --id <id>           the channel's id of the settlement (generated-<today>)`;

interface Wanted {
  readonly channelCode: string;
  readonly currencyCode: string | null;
  readonly format: keyof typeof WRITERS;
  readonly output: string;
  readonly errors: number;
  readonly orders: number;
  readonly id: string;
}

/** @throws CommandFailure for options that cannot be used; null when usage is asked for */
function readOptions(args: readonly string[]): Wanted | null {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const today = new Date().toISOString().slice(0, 10);
  const options = {
    channel: text('AMAZON'),
    currency: { type: 'string' },
    format: text('amazon-v2'),
    output: text('settlement-report.txt'),
    errors: text('0'),
    orders: text('1000'),
    id: text(`generated-${today}`),
    help: { type: 'boolean', short: 'h' },
  } as const;
  const values = (() => {
    try {
      return parseArgs({ args: [...args], options }).values;
    } catch (error) {
      throw usage(`${(error as Error).message}\n\n${USAGE}`);
    }
  })();
  if (values.help) return null;
  const number = (name: 'errors' | 'orders', least: number) => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < least) throw usage(`--${name} is a whole number from ${least}.`);
    return value;
  };
  const format = Object.keys(WRITERS).find((one): one is keyof typeof WRITERS => one === values.format);
  if (!format) throw usage(`--format is one of ${Object.keys(WRITERS).join(', ')}.`);
  const currencyCode = values.currency?.toUpperCase() ?? null;
  if (currencyCode !== null && !isCurrencyCode(currencyCode))
    throw usage('--currency is an ISO 4217 code such as USD.');
  const { channel: channelCode, output, id } = values;
  return { channelCode, currencyCode, format, output, id, errors: number('errors', 0), orders: number('orders', 1) };
}

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw environment(`${file} cannot be written: ${(error as NodeJS.ErrnoException).code}.`, error);
  }
}

async function generate(wanted: Wanted): Promise<void> {
  const { channelCode, output } = wanted;
  await withStore(async ({ knex }) => {
    const { currencyCode, orders } = await readSoldOrders(knex, channelCode, wanted.orders, wanted.currencyCode);
    if (orders.length === 0)
      throw new CommandFailure(1, `Channel ${channelCode} has no invoiced orders${wanted.currencyCode ? ` in ${wanted.currencyCode}` : ''}.`); // biome-ignore format: one thought
    const periodEnd = new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000);
    const periodStart = new Date(periodEnd.getTime() - 14 * 86_400_000);
    const plan = planReport(orders, { periodStart, periodEnd, errorsOfEach: wanted.errors, commissionBasisPoints: 1_500 }); // biome-ignore format: one thought
    save(output, WRITERS[wanted.format]({ externalId: wanted.id, currencyCode, periodStart, periodEnd }, plan.rows));
    save(`${output}.planted.json`, `${JSON.stringify(plan.planted, null, 2)}\n`);
    console.log(`${output}: ${plan.rows.length} rows about ${orders.length} orders in ${currencyCode}, ${plan.planted.length} errors planted`); // biome-ignore format: one thought
    if (plan.left.length > 0) console.log(`not planted, because no order is left that suits: ${plan.left.join(', ')}`);
  });
}

try {
  const wanted = readOptions(process.argv.slice(2));
  if (wanted) await generate(wanted);
  else console.log(USAGE);
} catch (error) {
  if (!(error instanceof CommandFailure)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
