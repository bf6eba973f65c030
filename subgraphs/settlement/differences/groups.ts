import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { type Money, money } from '../../../platform/money.ts';
import { requireChannel } from '../ingest/store.ts';
import type { ReconciliationReason } from '../model.ts';
import { WORDS_OF_LINE } from '../statements/words.ts';

/** Undecided differences that are alike: of one channel, class, currency and words of the channel. */
export interface DifferenceGroup {
  readonly channelCode: string;
  readonly reason: ReconciliationReason;
  /** Type and description as its line tells them, such as "ItemFees / Glitter". Null: about no line, or about several. */
  readonly words: string | null;
  readonly count: number;
  /** Actual less expected. */
  readonly total: Money;
}

/** Which differences are decided together. */
export interface GroupFilter {
  readonly channelCode: string;
  readonly reason: string;
  readonly currencyCode: string;
  /** Null: whatever the words. */
  readonly words?: string | null;
  readonly settlementId?: string | null;
}

/** Undecided differences `d` with the words of the line they are about. */
export const UNDECIDED_WITH_WORDS = `(select u.*, (
    select case count(*) when 1 then min(${WORDS_OF_LINE}) end
    from settlement.line_match m join settlement.statement_line l on l.statement_id = m.statement_id and l.line_number = m.line_number
    where m.exception_id = u.id) as words
  from settlement.difference u where u.state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED')) as d`;

/** Most rows of an answer that is not paged. */
const MAX_ROWS = 1_000;

/** The largest groups first. @throws CommerceError BAD_USER_INPUT when there is no such channel */
export async function readGroups(
  db: Knex,
  channelCode: string | null,
  settlementId: string | null,
): Promise<DifferenceGroup[]> {
  if (channelCode !== null) await requireChannel(db, channelCode);
  const rows = await query<Omit<DifferenceGroup, 'total'> & { minor: string; currencyCode: string }>(
    db,
    `select d.channel_code as "channelCode", d.reason, d.words, d.currency_code as "currencyCode", count(*)::int as count, sum(d.difference_minor)::text as minor
     from ${UNDECIDED_WITH_WORDS} where (?::text is null or d.channel_code = ?) and (?::text is null or d.statement_id = ?)
     group by 1, 2, 3, 4 order by count(*) desc, 1, 2, 3, 4 limit ?`,
    [channelCode, channelCode, settlementId, settlementId, MAX_ROWS],
  );
  return rows.map(({ minor, currencyCode, ...row }) => ({ ...row, total: money(minor, currencyCode) }));
}
