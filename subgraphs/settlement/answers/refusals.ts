import type { Knex } from 'knex';
import {
  type Connection,
  type PageArgs,
  readPage,
  timeKey,
  toConnection,
} from '../../../platform/graphql/connection.ts';

/** A report that was not taken in, as the graph shows it. */
export interface ReportRefusalRecord {
  readonly id: string;
  /** As it was told; there may be no such channel. */
  readonly channelCode: string;
  readonly format: string;
  readonly fileName: string | null;
  readonly sha256: string;
  readonly code: string;
  /** Names places and sums, never what a cell holds. */
  readonly message: string;
  readonly lineNumber: number | null;
  readonly receivedBy: string;
  readonly refusedAt: Date;
}

export interface RefusalFilter {
  readonly channelCode?: string | null;
  readonly refusedSince?: string | null;
}

const REFUSALS = `select id::text, channel_code as "channelCode", format, file_name as "fileName", encode(sha256, 'hex') as sha256, code, message,
  line_number::int as "lineNumber", refused_by as "receivedBy", refused_at as "refusedAt", (extract(epoch from refused_at) * 1000000)::bigint as "sortKey", id as place
  from settlement.report_refusal`;

/** Newest first. @throws CommerceError BAD_USER_INPUT for an unusable page */
export async function listRefusals(
  knex: Knex,
  filter: RefusalFilter,
  args: PageArgs,
): Promise<Connection<ReportRefusalRecord>> {
  const page = readPage(args, 2);
  const [order, beyond] = page.direction === 'forward' ? ['desc', '<'] : ['asc', '>'];
  const select = knex
    .from(knex.raw(`(${REFUSALS}) as listed`))
    .select('*')
    .limit(page.size + 1)
    .orderByRaw(`"sortKey" ${order}, place ${order}`);
  if (filter.channelCode != null) select.where('channelCode', filter.channelCode);
  if (filter.refusedSince != null) select.where('refusedAt', '>=', filter.refusedSince);
  if (page.cursor)
    select.whereRaw(`("sortKey", place) ${beyond} (?::bigint, ?::bigint)`, [timeKey(page.cursor[0]), timeKey(page.cursor[1])]); // biome-ignore format: one thought
  const rows = (await select) as (ReportRefusalRecord & { readonly sortKey: string })[];
  return toConnection(rows, page, { key: ({ sortKey, id }) => [sortKey, id], node: ({ sortKey: _, ...row }) => row });
}
