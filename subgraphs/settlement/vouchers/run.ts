import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { checkMonth } from '../ledger/model.ts';
import type { Voucher, VoucherScope } from './model.ts';
import { VOUCHERS } from './read.ts';

export interface VoucherRun extends VoucherScope {
  readonly id: string;
  readonly state: 'REQUESTED' | 'RUNNING' | 'DONE';
  readonly requestedBy: string;
  /** Code of the failure after which it is tried again. Null while it goes on. */
  readonly waitingFor: string | null;
}

/** A voucher as a run left it. */
export type RunVoucher = Voucher & { readonly outcome: 'ACCEPTED' | 'REFUSED' };

const RUNS = `select id, state, period, channel_code as "channelCode", requested_by as "requestedBy", waiting_for as "waitingFor" from settlement.voucher_run`;

/**
 * Asks for a run: the settlement worker does it, whoever asked and whether he waits or not.
 *
 * @returns id of the run
 * @throws CommerceError BAD_USER_INPUT when the month is none or the channel is unknown
 */
export async function requestVoucherRun(knex: Knex, scope: VoucherScope, requestedBy: string): Promise<string> {
  await checkScope(knex, scope);
  const [run] = await query<{ id: string }>(
    knex,
    'insert into settlement.voucher_run (period, channel_code, requested_by) values (?, ?, ?) returning id',
    [scope.period, scope.channelCode, requestedBy],
  );
  if (!run) throw new Error('a run was not stored');
  return run.id;
}

/** @throws CommerceError BAD_USER_INPUT when the month is none or the channel is unknown */
export async function checkScope(knex: Knex, { period, channelCode }: VoucherScope): Promise<void> {
  if (period !== null) checkMonth(period);
  if (channelCode === null) return;
  const known = await query(knex, 'select 1 from integration.channel where code = ?', [channelCode]);
  if (known.length === 0) throw new CommerceError('BAD_USER_INPUT', `There is no channel ${channelCode}.`);
}

export async function readVoucherRun(knex: Knex, id: string): Promise<VoucherRun | null> {
  const [run] = await query<VoucherRun>(knex, `${RUNS} where id = ?`, [id]);
  return run ?? null;
}

/** What a run sent, in its order; a voucher that was refused and later accepted by another run counts as refused here. */
export function readRunVouchers(knex: Knex, runId: string): Promise<RunVoucher[]> {
  return query<RunVoucher>(
    knex,
    `select v.*, c.state as outcome from (${VOUCHERS}) v join settlement.voucher_change c on c.voucher_id = v.id
     where c.run_id = ? and c.state in ('ACCEPTED', 'REFUSED') order by v.period, v."channelCode", v."currencyCode", v.number`,
    [runId],
  );
}

/** The oldest run that is not done, noted as running. Null when there is none. */
export async function takeRun(knex: Knex): Promise<VoucherRun | null> {
  const [run] = await query<VoucherRun>(knex, `${RUNS} where state <> 'DONE' order by id limit 1`);
  if (run?.state === 'REQUESTED')
    await change(
      knex,
      `update settlement.voucher_run set state = 'RUNNING', started_at = clock_timestamp() where id = ?`,
      [run.id],
    );
  return run ?? null;
}

/** The next voucher that a run has to send: each that is not accepted, and one that is refused once per run. */
export async function nextVoucher(knex: Knex, { id, period, channelCode }: VoucherRun): Promise<Voucher | null> {
  const [voucher] = await query<Voucher>(
    knex,
    `${VOUCHERS} where v.state <> 'ACCEPTED' and (?::text is null or v.period = ?) and (?::text is null or v.channel_code = ?)
       and not (v.state = 'REFUSED' and exists (select from settlement.voucher_change c where c.voucher_id = v.id and c.state = 'REFUSED' and c.run_id = ?))
     order by v.period, v.channel_code, v.currency_code, v.number limit 1`,
    [period, period, channelCode, channelCode, id],
  );
  return voucher ?? null;
}

/** @param code why the run does not go on for the moment; null when it does */
export async function noteWaiting(knex: Knex, id: string, code: string | null): Promise<void> {
  await change(
    knex,
    'update settlement.voucher_run set waiting_for = ? where id = ? and waiting_for is distinct from ?',
    [code, id, code],
  );
}

export async function finishRun(knex: Knex, id: string): Promise<void> {
  await change(
    knex,
    `update settlement.voucher_run set state = 'DONE', waiting_for = null, finished_at = clock_timestamp() where id = ?`,
    [id],
  );
}
