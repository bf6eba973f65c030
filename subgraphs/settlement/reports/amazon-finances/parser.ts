import { parseExactJson } from '../exact-json.ts';
import type { SettlementLine, SettlementReport } from '../model.ts';
import { ReportRefusal, unreadable } from '../refusal.ts';
import type { ReadOptions, ReportReader } from '../report-reader.ts';
import { createTextReader } from '../text.ts';
import { linesOfTransaction } from './transaction.ts';
import { transactionsPage, type WireTransaction } from './wire.ts';

/** Longest page, in characters: far above the 500 transactions that Amazon sends. */
const MAX_PAGE_LENGTH = 64 * 1024 * 1024;

/** Money that is held back, or was and is listed again when it is released: not part of what is paid out. */
const NOT_PAID = new Set(['DEFERRED', 'DEFERRED_RELEASED']);

/**
 * Answers of Amazon's listTransactions (finances 2024-06-19) for one settlement: one page per line, or one JSON document
 * with a page or a list of them. The total is the sum of the transactions that were released; lines are numbered in the
 * order of the amounts.
 */
export function amazonFinances(options: ReadOptions): ReportReader {
  const text = createTextReader('utf-8');
  let rest = '';
  let byLine: boolean | null = null;
  let lineCount = 0;
  let sum = 0n;
  let group: { readonly externalId: string; readonly currencyCode: string } | null = null;
  let from: Date | null = null;
  let until: Date | null = null;
  let last: string | null | undefined;

  function takePages(document: unknown): SettlementLine[] {
    return (Array.isArray(document) ? document : [document]).flatMap((wire) => {
      const page = transactionsPage.safeParse(wire);
      if (!page.success) {
        const issue = page.error.issues[0];
        throw unreadable(`Expected an answer of listTransactions; ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`); // biome-ignore format: one thought
      }
      last = page.data.nextToken;
      return (page.data.transactions ?? []).flatMap(takeTransaction);
    });
  }

  function takeTransaction(wire: WireTransaction): SettlementLine[] {
    const lines = linesOfTransaction(wire, lineCount + 1);
    if (NOT_PAID.has((wire.transactionStatus ?? '').toUpperCase())) return [];
    group = groupOf(wire, group);
    lineCount += lines.length;
    for (const line of lines) {
      sum += line.amountMinor;
      from = from && from < line.postedAt ? from : line.postedAt;
      until = until && until > line.postedAt ? until : line.postedAt;
    }
    return lines;
  }

  function take(piece: string): SettlementLine[] {
    rest += piece;
    if (rest.length > MAX_PAGE_LENGTH)
      throw unreadable('The page is longer than any of Amazon; write one page per line.');
    const lines: SettlementLine[] = [];
    for (let end = rest.indexOf('\n'); end !== -1 && byLine !== false; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      byLine ??= line.trim() === '' ? null : isJson(line);
      if (byLine === false) break;
      if (line.trim() !== '') lines.push(...takePages(parseExactJson(line)));
      rest = rest.slice(end + 1);
    }
    return lines;
  }

  return {
    push: (bytes) => take(text.push(bytes)),
    end() {
      const lines = take(text.end());
      if (rest.trim() !== '') lines.push(...takePages(parseExactJson(rest)));
      if (last != null && last !== '') {
        throw unreadable(
          'The last page names a next one (nextToken); the file is to hold all pages of the settlement.',
        );
      }
      if (!group || !from || !until) throw unreadable('There is no released transaction in the file.');
      const report: SettlementReport = {
        channelCode: options.channelCode,
        externalId: group.externalId,
        format: 'AMAZON_FINANCES_2024',
        periodStart: from,
        periodEnd: until,
        currencyCode: group.currencyCode,
        totalMinor: sum,
        payout: { externalId: null, reference: group.externalId, depositAt: null },
      };
      return { lines, report };
    },
  };
}

function groupOf(
  wire: WireTransaction,
  before: { readonly externalId: string; readonly currencyCode: string } | null,
): { readonly externalId: string; readonly currencyCode: string } {
  const id = (name: string) =>
    wire.relatedIdentifiers?.find((found) => found.relatedIdentifierName === name)?.relatedIdentifierValue;
  const externalId = id('SETTLEMENT_ID') ?? id('FINANCIAL_EVENT_GROUP_ID');
  const where = `Transaction ${wire.transactionId ?? 'without id'}`;
  if (externalId === undefined) throw unreadable(`${where} names no settlement and no financial event group.`);
  const { currencyCode } = wire.totalAmount;
  if (before && before.externalId !== externalId) throw unreadable(`${where} is of another settlement; a file is to hold one.`); // biome-ignore format: one thought
  if (before && before.currencyCode !== currencyCode) {
    throw new ReportRefusal('CURRENCY_MISMATCH', `${where} is not in ${before.currencyCode}, as those before it are.`);
  }
  return { externalId, currencyCode };
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
