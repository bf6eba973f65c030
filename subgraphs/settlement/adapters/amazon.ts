import type { AmazonClient } from '../../../systems/amazon/client.ts';
import type { ChannelStatement, StatementSource } from '../port.ts';

const SETTLEMENT_REPORT = 'GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2';
/** What was booked in the last two days may be missing in Amazon's finances: a group is read when that is over. */
const COMPLETE_AFTER_MILLIS = 48 * 3_600_000;
/** A group is told by when it began, and lasts about two weeks; older ones that end later are seen too. */
const GROUP_MILLIS = 35 * 86_400_000;

/** Amazon's settlement reports (V2): Amazon makes them when a settlement is closed. */
export function amazonReports(client: AmazonClient): StatementSource {
  return {
    ...payoutsOf(client),
    async statementsSince(since, signal) {
      const reports = await client.reports(SETTLEMENT_REPORT, since, signal);
      return oldestFirst(
        reports.flatMap(({ reportDocumentId, createdTime }) =>
          reportDocumentId === undefined
            ? []
            : [{ id: reportDocumentId, format: 'AMAZON_SETTLEMENT_V2' as const, createdAt: new Date(createdTime) }],
        ),
      );
    },
    read: ({ id }, signal) => client.document(id, signal),
  };
}

/** Amazon's finances: the transactions of each closed group of financial events, one page per line. */
export function amazonFinances(client: AmazonClient, now: () => Date): StatementSource {
  return {
    ...payoutsOf(client),
    async statementsSince(since, signal) {
      const groups = await client.eventGroups(new Date(since.getTime() - GROUP_MILLIS), signal);
      const completeUntil = new Date(now().getTime() - COMPLETE_AFTER_MILLIS);
      return oldestFirst(
        groups.flatMap(({ FinancialEventGroupId: id, FinancialEventGroupEnd }) => {
          const createdAt = FinancialEventGroupEnd === undefined ? null : new Date(FinancialEventGroupEnd);
          const isComplete = createdAt !== null && createdAt >= since && createdAt <= completeUntil;
          return isComplete ? [{ id, format: 'AMAZON_FINANCES_2024' as const, createdAt }] : [];
        }),
      );
    },
    async *read({ id }, signal) {
      for await (const page of client.transactionPages(id, signal)) yield Buffer.from(`${oneLine(page)}\n`);
    },
  };
}

/** A page as a line of a file. The token is another every time, and says nothing but that there is a next page. */
function oneLine(page: string): string {
  return page.replaceAll(/[\r\n]+/g, ' ').replaceAll(/("nextToken"\s*:\s*)"(?:[^"\\]|\\.)+"/g, '$1"next"');
}

function payoutsOf(client: AmazonClient): Pick<StatementSource, 'payoutsSince'> {
  return { payoutsSince: (since, signal) => client.payoutPages(since, signal) };
}

/** Amazon tells the newest first, and one that was made while pages were turned twice. */
function oldestFirst(statements: readonly ChannelStatement[]): ChannelStatement[] {
  const each = new Map(statements.map((one) => [one.id, one]));
  return [...each.values()].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1));
}
