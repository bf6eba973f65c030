import { z } from 'zod';

// The parts of Amazon's Selling Partner API that we read. What Amazon calls enumerations is plain text here: its own examples
// use values that its lists do not have. Money is not read here, see the pages' text.

export const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

const report = z.object({
  reportId: z.string().min(1).max(255),
  reportType: z.string(),
  processingStatus: z.string(),
  createdTime: z.iso.datetime({ offset: true }),
  reportDocumentId: z.string().optional(),
});

/** Reports 2021-06-30, getReports. */
export const reportsPage = z.object({ reports: z.array(report), nextToken: z.string().nullish() });

/** Reports 2021-06-30, getReportDocument. The address works for five minutes. */
export const reportDocument = z.object({ url: z.url(), compressionAlgorithm: z.string().optional() });

const eventGroup = z.object({
  FinancialEventGroupId: z.string().min(1).max(255),
  FinancialEventGroupEnd: z.iso.datetime({ offset: true }).optional(),
});

/** Finances v0, listFinancialEventGroups. */
export const eventGroupsPage = z.object({
  payload: z.object({ FinancialEventGroupList: z.array(eventGroup).default([]), NextToken: z.string().nullish() }),
});

/** The token of any other page; what else is in it is read from its text. */
export const anyPage = z.object({
  nextToken: z.string().nullish(),
  payload: z.object({ nextToken: z.string().nullish() }).optional(),
});

export type AmazonReport = z.output<typeof report>;
export type AmazonEventGroup = z.output<typeof eventGroup>;
