import type { Knex } from 'knex';
import { change } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { FinanceSystem, VoucherAnswer } from '../port.ts';
import { titleOf, type Voucher, type VoucherState } from './model.ts';
import { readVoucherLines } from './read.ts';

/** Shows finance what the ERP refused, and takes it back once it is accepted. */
export interface VoucherDesk {
  raise(refused: {
    readonly key: string;
    readonly channelCode: string | null;
    readonly message: string;
  }): Promise<void>;
  resolve(key: string): Promise<void>;
}

export interface SendDeps {
  readonly knex: Knex;
  readonly erp: FinanceSystem;
  readonly desk: VoucherDesk;
}

/**
 * Sends a voucher. Before that it is noted as sent, and the ERP is asked whether it has it: killed at any moment, the next
 * run finds it SENT and learns what became of it, so that nothing is posted twice.
 *
 * @returns whether the ERP accepted it
 * @throws CommerceError SYSTEM_* when it is not known; the voucher stays SENT
 */
export async function sendVoucher(
  { knex, erp, desk }: SendDeps,
  voucher: Voucher,
  runId: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (voucher.state !== 'SENT') await move(knex, voucher.id, 'SENT', runId);
  const number = await erp.findVoucher(voucher.id, signal);
  const answer: VoucherAnswer =
    number === null ? await post(knex, erp, voucher, signal) : { outcome: 'ACCEPTED', number };
  const key = `voucher:${voucher.id}`;
  // The desk first: between the two the voucher is still SENT, so the next run says it again.
  if (answer.outcome === 'ACCEPTED') {
    await desk.resolve(key);
    await move(knex, voucher.id, 'ACCEPTED', runId, { erpNumber: answer.number });
    return true;
  }
  const message = `The ERP refused the voucher ${titleOf(voucher)} (${voucher.id}): ${answer.reason}. It is sent again by the next run: npx commerce settlement post --period ${voucher.period}`;
  await desk.raise({ key, channelCode: voucher.channelCode || null, message });
  await move(knex, voucher.id, 'REFUSED', runId, { refusal: answer.reason });
  return false;
}

async function post(knex: Knex, erp: FinanceSystem, voucher: Voucher, signal: AbortSignal): Promise<VoucherAnswer> {
  const lines = await readVoucherLines(knex, [voucher.id]);
  return erp.postVoucher(
    {
      reference: voucher.id,
      period: voucher.period,
      currencyCode: voucher.currencyCode,
      description: titleOf(voucher),
      lines: lines.map(({ account, side, amountMinor }) => ({ account, side, amountMinor: BigInt(amountMinor) })),
    },
    signal,
  );
}

/** Notes a move, unless another process noted it already. */
async function move(
  knex: Knex,
  id: string,
  to: VoucherState,
  runId: string,
  { erpNumber = null, refusal = null }: { readonly erpNumber?: string | null; readonly refusal?: string | null } = {},
): Promise<void> {
  const from: readonly VoucherState[] = to === 'SENT' ? ['PREPARED', 'REFUSED'] : ['SENT'];
  await inTransaction(knex, async (trx) => {
    const moved = await change(
      trx,
      `update settlement.voucher set state = ?, erp_number = ?, refusal = ?, changed_at = clock_timestamp()
       where id = ? and state = any(?::text[])`,
      [to, erpNumber, refusal, id, from],
    );
    if (moved === 0) return;
    await change(
      trx,
      `insert into settlement.voucher_change (voucher_id, position, state, run_id, note)
       select ?, max(position) + 1, ?, ?, ? from settlement.voucher_change where voucher_id = ?`,
      [id, to, runId, erpNumber ?? refusal ?? '', id],
    );
  });
}
