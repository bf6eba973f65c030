import type { Knex } from 'knex';
import { z } from 'zod';
import { Refusal } from '../../kit/refusal.ts';

/** A reference given by a caller: to a document, a line, a confirmation. */
export const reference = z.string().trim().min(1).max(100);
export const articleNo = z.string().trim().min(1).max(60);
export const siteCode = z.string().trim().min(1).max(20);
/** Pieces. */
export const pieces = z.int().min(1).max(1_000_000);

/** @throws Refusal 422 UNKNOWN_SITE | UNKNOWN_ARTICLE, naming the first that is not known */
export async function requireKnown(knex: Knex, site: string, articleNos: readonly string[]): Promise<void> {
  const { rows } = await knex.raw<{ rows: { site_known: boolean; unknown_article: string | null }[] }>(
    `select exists (select from wms.site where code = ?) as site_known,
            (select wanted.article_no from unnest(?::text[]) as wanted (article_no)
             where not exists (select from wms.article where article.article_no = wanted.article_no) limit 1) as unknown_article`,
    [site, [...new Set(articleNos)]],
  );
  if (!rows[0]?.site_known) throw new Refusal(422, 'UNKNOWN_SITE', `no site ${site}`);
  if (rows[0].unknown_article !== null)
    throw new Refusal(422, 'UNKNOWN_ARTICLE', `no article ${rows[0].unknown_article}`);
}
