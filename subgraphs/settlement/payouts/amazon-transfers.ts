import type { Knex } from 'knex';
import { z } from 'zod';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { isCurrencyCode } from '../../../platform/money.ts';
import { channelExists, noSuchChannel } from '../ingest/store.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { parseExactJson, readJsonAmount } from '../reports/exact-json.ts';
import { readMoment } from '../reports/moment.ts';
import { ReportRefusal, unreadable } from '../reports/refusal.ts';
import { judgeArrival, lockArrivals } from './arrival.ts';
import { bookSent, lockPayout, movePayout } from './change.ts';
import { matchReceipts } from './receipts.ts';
import { payoutIdOf } from './statement-payout.ts';
import { hasArrived, leadsTo, outdoes, type PayoutState, payoutStateOf, saysNothing } from './states.ts';

const money = z.object({ currencyCode: z.string(), currencyAmount: z.string() });
const answer = z.object({
  payouts: z.array(
    z.object({
      id: z.string().min(1).max(255),
      currentStatus: z.string(),
      amount: money.nullish(),
      creationDate: z.string().nullish(),
      traceId: z.string().nullish(),
      statusHistory: z.array(z.object({ status: z.string(), lastUpdatedDate: z.string() })).nullish(),
      relatedIdentifiers: z.array(z.object({ relatedIdentifierName: z.string(), relatedIdentifierValue: z.string() })).nullish(),
    }),
  ),
}); // biome-ignore format: a table

/** A payout as Amazon reports it. */
export interface ReportedTransfer {
  readonly externalId: string;
  /** Null for a word that says nothing about the money. */
  readonly state: PayoutState | null;
  /** The channel's own word for it. */
  readonly word: string;
  readonly amountMinor: bigint;
  readonly currencyCode: string;
  /** What the bank will show. */
  readonly traceId: string | null;
  readonly createdAt: Date | null;
  /** Since when it stands like this. Null when the channel does not tell. */
  readonly toldAt: Date | null;
  readonly settlementId: string | null;
}

/** Reads an answer of Amazon's listPayouts (transfers 2024-06-01). Payouts without an amount send nothing. @throws ReportRefusal UNREADABLE */
export function readTransfers(text: string): ReportedTransfer[] {
  const parsed = answer.safeParse(parseExactJson(text));
  if (!parsed.success)
    throw unreadable(`The file is no answer of Amazon's listPayouts ({ "payouts": [...] }): wrong at ${parsed.error.issues[0]?.path.join('.') || 'the top'}.`); // biome-ignore format: one thought
  return parsed.data.payouts.flatMap((payout) => {
    if (!payout.amount) return [];
    const { currencyCode, currencyAmount } = payout.amount;
    const amountMinor = isCurrencyCode(currencyCode) ? readJsonAmount(currencyAmount, currencyCode) : null;
    if (amountMinor === null) throw unreadable(`Payout ${payout.id}: the amount is none of an ISO 4217 currency.`);
    const related = payout.relatedIdentifiers?.find(
      ({ relatedIdentifierName }) => relatedIdentifierName === 'SETTLEMENT_ID',
    );
    return [
      {
        externalId: payout.id,
        state: payoutStateOf(payout.currentStatus),
        word: payout.currentStatus.slice(0, 100),
        amountMinor,
        currencyCode,
        traceId: payout.traceId ?? null,
        createdAt: payout.creationDate == null ? null : readMoment(payout.creationDate),
        toldAt: (payout.statusHistory ?? []).map((one) => readMoment(one.lastUpdatedDate)).reduce(later, null),
        settlementId: related?.relatedIdentifierValue ?? null,
      },
    ];
  });
}

function later(one: Date | null, other: Date | null): Date | null {
  return one === null || (other !== null && other > one) ? other : one;
}

/**
 * Brings our payouts to what the channel says of them: new ones are recorded, those of a statement we have get their
 * trace id, and money that came before them is found. The newest news counts, in whatever order it comes. That the bank has
 * the money is for the bank to say: PAID by the channel is in transit here. What failed, was cancelled or is not on its way after all is no longer posted as sent.
 *
 * @returns how many were new, how many moved, and the words for states that we do not know: those payouts stay where they are
 * @throws ReportRefusal UNKNOWN_CHANNEL; then nothing was stored
 */
export function takeTransfers(
  db: Knex,
  rules: PostingRules,
  channelCode: string,
  transfers: readonly ReportedTransfer[],
  actor: string,
): Promise<{ added: number; moved: number; unknown: readonly string[] }> {
  return inTransaction(db, async (trx) => {
    if (!(await channelExists(trx, channelCode)))
      throw new ReportRefusal('UNKNOWN_CHANNEL', await noSuchChannel(trx, channelCode));
    await lockArrivals(trx);
    let added = 0;
    let moved = 0;
    for (const transfer of transfers) {
      const known = await payoutOf(trx, channelCode, transfer);
      if (known === null) added += 1;
      const id = known ?? (await addPayout(trx, channelCode, transfer));
      await change(trx, 'update settlement.payout set reference = coalesce(?, reference) where id = ?', [
        transfer.traceId,
        id,
      ]);
      if (await follow(trx, rules, id, transfer, actor)) moved += 1;
      await judgeArrival(trx, rules, id, actor);
    }
    await matchReceipts(trx, rules, actor, channelCode);
    const unknown = transfers.filter(({ state, word }) => state === null && !saysNothing(word)).map(({ word }) => word);
    return { added, moved, unknown };
  });
}

/** @returns whether the payout moved */
async function follow(
  trx: Knex.Transaction,
  rules: PostingRules,
  id: string,
  { word, amountMinor, createdAt, toldAt }: ReportedTransfer,
  actor: string,
): Promise<boolean> {
  const payout = await lockPayout(trx, id);
  if (!payout) return false;
  const to = leadsTo(word);
  if (payout.toldAt !== null && toldAt !== null) {
    if (toldAt < payout.toldAt) return false;
    // Of two words of one moment only the one that counts is kept.
    const state = leadsTo(payout.toldStatus ?? '');
    if (to !== null && state !== null && outdoes({ state, toldAt: payout.toldAt }, { state: to, toldAt })) return false;
  }
  await change(
    trx,
    'update settlement.payout set told_at = coalesce(?, told_at), announced_minor = ?, told_status = ? where id = ?',
    [toldAt, saysNothing(word) ? (payout.announcedMinor?.toString() ?? null) : amountMinor.toString(), word, id],
  );
  if (to === null || payout.state === 'CARRIED_FORWARD' || hasArrived(payout.state)) return false;
  if (!outdoes({ state: to, toldAt }, payout)) return false;
  if (!(await movePayout(trx, payout, to, actor, `the channel says ${payoutStateOf(word)}`))) return false;
  const isSent = to === 'IN_TRANSIT';
  const bookedAt = (isSent ? createdAt : toldAt) ?? new Date();
  await bookSent(trx, rules, payout, isSent ? payout.amountMinor : 0n, { bookedAt, actor });
  return true;
}

async function payoutOf(
  trx: Knex.Transaction,
  channelCode: string,
  transfer: ReportedTransfer,
): Promise<string | null> {
  const [row] = await query<{ id: string }>(
    trx,
    `select p.id from settlement.payout p left join settlement.statement s on s.id = p.statement_id
     where p.channel_code = ? and (p.external_id in (?, ?) or s.external_id = ?) order by p.id limit 1`,
    [channelCode, transfer.externalId, transfer.settlementId ?? transfer.externalId, transfer.settlementId],
  );
  return row?.id ?? null;
}

async function addPayout(trx: Knex.Transaction, channelCode: string, transfer: ReportedTransfer): Promise<string> {
  const id = payoutIdOf(channelCode, transfer.settlementId ?? transfer.externalId);
  await change(
    trx,
    `insert into settlement.payout (id, channel_code, external_id, state, amount_minor, currency_code, reference, scheduled_at)
     values (?, ?, ?, 'SCHEDULED', ?, ?, ?, ?)`,
    [
      id,
      channelCode,
      // The statement, when it comes, announces its payout under the settlement's id: both are one.
      transfer.settlementId ?? transfer.externalId,
      transfer.amountMinor.toString(),
      transfer.currencyCode,
      transfer.traceId,
      transfer.createdAt,
    ],
  );
  return id;
}
