import { amazonFinances } from './amazon-finances/parser.ts';
import { amazonSettlementV2 } from './amazon-settlement-v2/parser.ts';
import { canonicalCsv } from './canonical-csv/parser.ts';
import type { ReportFormat } from './model.ts';
import type { ReadOptions, ReportReader } from './report-reader.ts';
import { walmartRecon } from './walmart-recon/parser.ts';

/** Every format a report may have. A new one: a folder with its parser, and its line here. */
export const REPORT_FORMATS: Readonly<Record<ReportFormat, (options: ReadOptions) => ReportReader>> = {
  AMAZON_SETTLEMENT_V2: amazonSettlementV2,
  WALMART_RECON_V1: walmartRecon,
  CANONICAL_CSV: canonicalCsv,
  AMAZON_FINANCES_2024: amazonFinances,
};
