import { sleep } from '../../platform/clock.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { formatAmount } from '../../platform/money.ts';
import {
  checkScope,
  previewVouchers,
  readOpenVouchers,
  readRunVouchers,
  readUnposted,
  readVoucherRun,
  requestVoucherRun,
  titleOf,
  type Voucher,
  type VoucherScope,
} from '../../subgraphs/settlement/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment, usage } from '../failure.ts';
import { type Store, withStore } from '../store.ts';
import type { Terminal } from '../terminal.ts';
import { commandActor } from './actor.ts';

const POLL_MILLIS = 500;
/** A worker looks every second; one that has not begun by then is not there, or busy with another run. */
const SAY_AFTER_MILLIS = 15_000;
const GIVE_UP_AFTER_MILLIS = 60_000;

/** `commerce settlement post` */
export function post(invocation: Invocation): Promise<ExitCode> {
  const scope: VoucherScope = {
    period: invocation.value('period') ?? null,
    channelCode: invocation.value('channel') ?? null,
  };
  const { terminal } = invocation;
  return withStore(async ({ knex, isOwn }) => {
    await checkScope(knex, scope).catch((error: unknown) => {
      throw isCommerceError(error) && error.code === 'BAD_USER_INPUT' ? usage(error.message) : error;
    });
    if (invocation.flag('dry-run')) return preview(knex, scope, terminal);
    const before = await readUnposted(knex, scope);
    // A run would wait its turn behind the matching, only to find nothing.
    if (before.vouchers === 0 && before.entries === 0) {
      terminal.out('posted 0, refused 0; left: vouchers 0, entries in no voucher 0');
      return EXIT.OK;
    }
    const id = await requestVoucherRun(knex, scope, commandActor());
    terminal.note(`run ${id} is asked for; it goes on by itself, also when this command or the platform is stopped`);
    // Waiting would keep the platform from starting: it needs the database that this command has.
    if (isOwn) throw environment(`No platform runs on this data directory. Run ${id} stays asked for and is done when one starts: npm start.`); // biome-ignore format: one thought
    await untilDone(knex, id, terminal);
    const sent = await readRunVouchers(knex, id);
    for (const voucher of sent) terminal.out(say(voucher, voucher.outcome, terminal));
    const refused = sent.filter((voucher) => voucher.outcome === 'REFUSED').length;
    const left = await readUnposted(knex, scope);
    terminal.out(`posted ${sent.length - refused}, refused ${refused}; left: vouchers ${left.vouchers}, entries in no voucher ${left.entries}`); // biome-ignore format: one thought
    return refused === 0 ? EXIT.OK : EXIT.REFUSED;
  });
}

async function untilDone(knex: Store['knex'], id: string, terminal: Terminal): Promise<void> {
  let said: string | null = null;
  const sayOnce = (what: string) => {
    if (said !== what) terminal.note(what);
    said = what;
  };
  for (let waited = 0; ; waited += POLL_MILLIS) {
    const run = await readVoucherRun(knex, id);
    if (!run || run.state === 'DONE') return;
    if (run.state === 'REQUESTED' && waited >= GIVE_UP_AFTER_MILLIS)
      throw environment(
        `No settlement worker has begun run ${id}. It stays asked for and is done when one starts: npm start, or npm run start:worker -- --role settlement.`,
      );
    if (run.state === 'REQUESTED' && waited >= SAY_AFTER_MILLIS) sayOnce('waiting for a settlement worker');
    if (run.waitingFor !== null)
      sayOnce(`the run waits (${run.waitingFor}); the worker tries again until it can go on`);
    await sleep(POLL_MILLIS);
  }
}

async function preview(knex: Store['knex'], scope: VoucherScope, terminal: Terminal): Promise<ExitCode> {
  for (const voucher of await readOpenVouchers(knex, scope)) terminal.out(say(voucher, voucher.state, terminal));
  let title = '';
  for (const { period, channelCode, currencyCode, account, side, amountMinor } of await previewVouchers(knex, scope)) {
    const next = `would post ${channelCode || 'no channel'} ${period} ${currencyCode}`;
    if (next !== title) terminal.out(next);
    title = next;
    const amount = formatAmount({ amountMinor: BigInt(amountMinor), currencyCode });
    terminal.out(`  ${account.padEnd(10)} ${side.padEnd(6)} ${amount.padStart(18)}`);
  }
  const left = await readUnposted(knex, scope);
  terminal.out(`left: vouchers ${left.vouchers}, entries in no voucher ${left.entries}; nothing was posted`);
  return EXIT.OK;
}

function say(voucher: Voucher, outcome: string, { style }: Terminal): string {
  const { totalMinor, currencyCode, entryCount, erpNumber, refusal } = voucher;
  const amount = formatAmount({ amountMinor: BigInt(totalMinor), currencyCode });
  const colour = outcome === 'ACCEPTED' ? 'green' : outcome === 'REFUSED' ? 'red' : 'yellow';
  const why = erpNumber === null ? (refusal ?? '') : `as ${erpNumber}`;
  return `${style(colour, outcome.toLowerCase())} ${titleOf(voucher)}: ${amount} ${currencyCode} of ${entryCount} entries ${why}`.trimEnd();
}
