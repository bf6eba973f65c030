import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { formatAmount, money, roundToMinor } from '../../../platform/money.ts';
import { createTurns } from '../../../platform/turns.ts';
import type { CallOptions } from '../../../systems/client-kit/call-options.ts';
import { rejectionCode } from '../../../systems/client-kit/failure.ts';
import { accountsOf, openPeriodOf, ownJournal, readBooks, revenueJournal, type TrytonAccount, type TrytonBooks } from '../../../systems/tryton/books.ts'; // biome-ignore format: one thought
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import { productsOf, unnamedCustomer } from '../../../systems/tryton/documents.ts';
import { findPostedInvoice, type NewInvoice, postInvoice, readCosts, readInvoices, type TrytonInvoice } from '../../../systems/tryton/invoices.ts'; // biome-ignore format: one thought
import {
  findMoves,
  findPosted,
  postMove,
  readMoves,
  reconcileLines,
  type TrytonMove,
} from '../../../systems/tryton/moves.ts';
import type { DocumentRequest, FinanceSystem, VoucherAnswer, VoucherRefusal, VoucherRequest } from '../port.ts';
import { type Day, dayIn, priced, textOf, toLines, toMoveLines } from './tryton-amounts.ts';
import { type TrytonFinanceFeeds, toDocument } from './tryton-feeds.ts';

/** Numbers of accounts in Tryton's chart: those of the channel ledger, so that both books say the same. */
export interface TrytonAccounts {
  readonly receivable: string;
  readonly revenue: string;
  readonly outputTax: string;
}

type Clearing = Parameters<FinanceSystem['clear']>[0];

/**
 * Tryton's books: a document is a customer invoice, or a credit note, of the customer without a name; clearings and vouchers are
 * moves in a journal of ours. Tryton has no idempotency keys: our keys are references of invoices and numbers of moves.
 */
export function trytonFinanceSystem(
  tryton: TrytonClient,
  feeds: TrytonFinanceFeeds,
  accounts: TrytonAccounts,
): FinanceSystem {
  const inTurn = createTurns();
  const today = (call: CallOptions): Promise<Day> => tryton.call('model.ir.date.today', [], day, { ...call, repeatable: true }); // biome-ignore format: one thought

  async function toInvoice(request: DocumentRequest, books: TrytonBooks, call: CallOptions): Promise<NewInvoice> {
    const { key, kind, currencyCode, orderNumber, lines } = request;
    const sign = kind === 'INVOICE' ? 1 : -1;
    const amount = (minor: bigint) => formatAmount(money(minor * BigInt(sign), currencyCode));
    const [net, tax] = [sumOf(lines.map((line) => line.netMinor)), sumOf(lines.map((line) => line.taxMinor))];
    const products = await productsOf(tryton, lines.map(({ sku }) => sku), call); // biome-ignore format: one thought
    const chart = await accountsOf(tryton, books, Object.values(accounts), call);
    const account = (number: string): TrytonAccount => chart.get(number) ?? refuse(`Tryton has no account ${number} that can be posted to: add it there`, 'UNKNOWN_ACCOUNT', { account: number }); // biome-ignore format: one thought
    return {
      ...(await unnamedCustomer(tryton, call)),
      reference: key,
      description: orderNumber,
      journal: await revenueJournal(tryton, call),
      receivable: account(accounts.receivable),
      lines: lines.flatMap(({ lineId, sku, quantity, netMinor }) => {
        const product = products.get(sku) ?? refuse(`Tryton has no product with the code ${sku}: add it there, or put it in use`, 'UNKNOWN_SKU', { sku });
        const parts = priced(netMinor, quantity, currencyCode);
        return parts.map((part) => ({ ...part, product, account: account(accounts.revenue), description: lineId, quantity: sign * part.quantity }));
      }),
      tax: tax === 0n ? null : { account: account(accounts.outputTax), base: amount(net), amount: amount(tax) },
    }; // biome-ignore format: one thought
  }

  /** The document with a number; null while it is not in the books. */
  async function documentOf(number: string, call: CallOptions): Promise<TrytonInvoice | null> {
    const { party } = await unnamedCustomer(tryton, call);
    const found = await readInvoices(tryton, [['party', '=', party], ['number', '=', number]], call, 2); // biome-ignore format: one thought
    // Documents are told apart by their numbers, here as everywhere.
    if (found.length > 1) refuse(`Tryton gave the number ${number} twice: give its sequences of invoices and credit notes a prefix of their own for each year`, 'NUMBER_TWICE', { number }); // biome-ignore format: one thought
    return found[0] ?? null;
  }

  async function postClearing(
    document: TrytonInvoice,
    { key, number, currencyCode, amountMinor, accounts: stands }: Clearing,
    books: TrytonBooks,
    journal: number,
    call: CallOptions,
  ): Promise<TrytonMove> {
    const total = roundToMinor(document.total, currencyCode);
    if (document.state === 'cancelled') refuse('The document was cancelled in Tryton: nothing of it is left to clear', 'DOCUMENT_CANCELLED', { number }); // biome-ignore format: one thought
    if (document.state === 'paid') refuse('The document was paid by hand in Tryton: take that payment back there', 'ALREADY_PAID', { number }); // biome-ignore format: one thought
    if (total !== amountMinor && total !== -amountMinor) refuse('The document has another amount in Tryton', 'AMOUNT_DIFFERS', { number }); // biome-ignore format: one thought
    const [ours, theirs] = total > 0n ? (['DEBIT', 'CREDIT'] as const) : (['CREDIT', 'DEBIT'] as const);
    const lines = [...stands.map((one) => ({ ...one, side: ours })), { account: accounts.receivable, side: theirs, amountMinor }]; // biome-ignore format: one thought
    const chart = await accountsOf(tryton, books, lines.map(({ account }) => account), call); // biome-ignore format: one thought
    for (const { account } of lines) if (!chart.has(account)) refuse(`Tryton has no account ${account} that can be posted to: add it there`, 'UNKNOWN_ACCOUNT', { account }); // biome-ignore format: one thought
    const on = await today(call);
    const period = (await openPeriodOf(tryton, books, journal, on, call)) ?? refuse('The posting period of today is closed in Tryton: open it there', 'PERIOD_CLOSED', { number }); // biome-ignore format: one thought
    const { party } = await unnamedCustomer(tryton, call);
    const move = { reference: key, description: `Clearing of ${number}`, journal, period, party, date: textOf(on), origin: `account.invoice,${document.id}`, lines: toMoveLines(lines, chart, currencyCode) }; // biome-ignore format: one thought
    return postMove(tryton, books, move, call);
  }

  /** Settles what the document opened against what the clearing closes; what was settled before stays. */
  async function settle(document: TrytonInvoice, clearing: TrytonMove, books: TrytonBooks, call: CallOptions) {
    const [posting] = await readMoves(tryton, [['id', '=', document.move]], call);
    const open = (move: TrytonMove | undefined) => (move?.lines ?? []).filter((line) => line.code === accounts.receivable && !line.isReconciled); // biome-ignore format: one thought
    const closing = open(clearing);
    if (closing.length === 0) return;
    const lines = [...open(posting), ...closing].map((line) => line.id);
    await reconcileLines(tryton, books, lines, clearing.date, call);
  }

  return {
    post: (request, signal) =>
      inTurn(request.key, async () => {
        const call = { signal };
        const books = await readBooks(tryton, call);
        requireCurrency(books, request.currencyCode);
        const known = await findPostedInvoice(tryton, request.key, call);
        const posted = known ?? (await postInvoice(tryton, books, await toInvoice(request, books, call), call)); // biome-ignore format: one thought
        await documentOf(posted.number ?? '', call);
        const costs = await readCosts(tryton, request.lines.map(({ sku }) => sku), call); // biome-ignore format: one thought
        const { currencyCode } = books;
        const unitCosts = new Map([...costs].map(([sku, amount]) => [sku, money(roundToMinor(amount, currencyCode), currencyCode)])); // biome-ignore format: one thought
        return { ...toDocument(posted, await feeds.positionOf(posted, signal)), unitCosts };
      }),

    clear: (clearing, signal) =>
      inTurn(clearing.key, async () => {
        if (clearing.amountMinor === 0n) return true;
        const call = { signal };
        const document = await documentOf(clearing.number, call);
        if (document === null || document.move === null) return false;
        const books = await readBooks(tryton, call);
        requireCurrency(books, clearing.currencyCode);
        const journal = await ownJournal(tryton, call);
        const known = await findPosted(tryton, { reference: clearing.key, journal }, call);
        const posted = known ?? (await postClearing(document, clearing, books, journal, call));
        await settle(document, posted, books, call);
        await feeds.look(signal);
        return true;
      }),

    async findVoucher(reference, signal) {
      const journal = await ownJournal(tryton, { signal });
      return (await findMoves(tryton, { reference, journal }, { signal }))[0]?.number ?? null;
    },

    postVoucher: (voucher, signal) =>
      inTurn(voucher.reference, async (): Promise<VoucherAnswer> => {
        const { reference, description, lines, period: month, currencyCode } = voucher;
        const call = { signal };
        const books = await readBooks(tryton, call);
        const journal = await ownJournal(tryton, call);
        const known = await findPosted(tryton, { reference, journal }, call);
        if (known?.number) return isSame(known, voucher) ? { outcome: 'ACCEPTED', number: known.number } : refused('REFERENCE_USED'); // biome-ignore format: one thought
        if (currencyCode !== books.currencyCode) return refused('OTHER');
        // Tryton keeps what does not balance as a draft, and refuses only to post it.
        if (sumOf(lines.map((line) => (line.side === 'DEBIT' ? line.amountMinor : -line.amountMinor))) !== 0n) return refused('NOT_BALANCED'); // biome-ignore format: one thought
        const chart = await accountsOf(tryton, books, lines.map(({ account }) => account), call); // biome-ignore format: one thought
        if (lines.some(({ account }) => !chart.has(account))) return refused('UNKNOWN_ACCOUNT');
        const on = dayIn(month, await today(call));
        const period = await openPeriodOf(tryton, books, journal, on, call);
        if (period === null) return refused('PERIOD_CLOSED');
        const { party } = await unnamedCustomer(tryton, call);
        const move = { reference, description, journal, period, party, date: textOf(on), origin: null, lines: toMoveLines(lines, chart, currencyCode) }; // biome-ignore format: one thought
        try {
          return { outcome: 'ACCEPTED', number: (await postMove(tryton, books, move, call)).number ?? '' };
        } catch (error) {
          if (rejectionCode(error) !== 'USER_ERROR') throw error;
          return refused('OTHER');
        }
      }),

    documentChanges: feeds.documentChanges,
    postings: feeds.postings,
  };
}

const day = z.object({ __class__: z.literal('date'), year: z.int(), month: z.int(), day: z.int() });

const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n);
const refused = (reason: VoucherRefusal): VoucherAnswer => ({ outcome: 'REFUSED', reason });

/** Whether what is posted under a reference is what is asked for now. */
function isSame({ description, date, lines }: TrytonMove, voucher: VoucherRequest): boolean {
  const text = (line: { readonly account: string; readonly side: string; readonly amountMinor: bigint }) =>
    `${line.account} ${line.side} ${line.amountMinor}`;
  const said = toLines(lines, voucher.currencyCode).map(text);
  return (
    description === voucher.description &&
    date.startsWith(voucher.period) &&
    said.join() === voucher.lines.map(text).join()
  );
}

/** Its books are in one currency; what is converted there would come back as other amounts than we know. */
function requireCurrency({ currencyCode }: TrytonBooks, wanted: string): void {
  if (wanted !== currencyCode) refuse(`Tryton's company keeps its books in ${currencyCode}: it takes no documents in ${wanted}`, 'CURRENCY_DIFFERS', { currencyCode: wanted }); // biome-ignore format: one thought
}

function refuse(message: string, systemCode: string, details: Readonly<Record<string, string>>): never {
  throw new CommerceError('SYSTEM_REJECTED', message, { system: 'Tryton', systemCode, ...details });
}
