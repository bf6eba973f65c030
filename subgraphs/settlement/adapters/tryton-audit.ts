import { roundToMinor } from '../../../platform/money.ts';
import { ownJournal, readBooks } from '../../../systems/tryton/books.ts';
import type { TrytonClient } from '../../../systems/tryton/client.ts';
import { unnamedCustomer } from '../../../systems/tryton/documents.ts';
import { findInvoices, readInvoices } from '../../../systems/tryton/invoices.ts';
import { readMoves } from '../../../systems/tryton/moves.ts';
import type { FinanceAudit, FinanceSystem } from '../port.ts';
import { toLines } from './tryton-amounts.ts';
import { type TrytonFinanceFeeds, toDocument } from './tryton-feeds.ts';

/** Tryton's books at rest: all documents of the customer without a name, those too that staff made by hand; our own moves. */
export function trytonFinanceAudit(
  tryton: TrytonClient,
  feeds: TrytonFinanceFeeds,
  { findVoucher }: Pick<FinanceSystem, 'findVoucher'>,
): FinanceAudit {
  return {
    async documents(cursor, limit, signal) {
      const { party } = await unnamedCustomer(tryton, { signal });
      const after = [['party', '=', party], ['number', '!=', null], ['id', '>', Number(cursor ?? 0)]]; // biome-ignore format: one thought
      const found = await readInvoices(tryton, after, { signal }, limit);
      const documents = [];
      for (const one of found) {
        const total = roundToMinor(one.total, one.currencyCode);
        const { currencyCode } = one;
        documents.push({ ...toDocument(one, await feeds.positionOf(one, signal)), totalMinor: total < 0n ? -total : total, currencyCode }); // biome-ignore format: one thought
      }
      return { documents, next: nextOf(found, limit) };
    },

    async postedVouchers(cursor, limit, signal) {
      const journal = await ownJournal(tryton, { signal });
      const { currencyCode } = await readBooks(tryton, { signal });
      const after = [['journal', '=', journal], ['state', '=', 'posted'], ['origin', '=', null], ['id', '>', Number(cursor ?? 0)]]; // biome-ignore format: one thought
      const found = await readMoves(tryton, after, { signal }, limit);
      const vouchers = found.map(({ number, lines }) => ({
        number: number ?? '',
        lines: toLines(lines, currencyCode),
      }));
      return { vouchers, next: nextOf(found, limit) };
    },

    findVoucher,
    has: async (key, signal) => (await findInvoices(tryton, key, { signal })).some(({ number }) => number !== null),
  };
}

const nextOf = (page: readonly { readonly id: number }[], limit: number) => page.length < limit ? null : String(page.at(-1)?.id); // biome-ignore format: one thought
