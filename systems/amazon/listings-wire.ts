import { z } from 'zod';

// The parts of the listings items (2021-08-01) and feeds (2021-06-30) APIs that are read, and what is sent. What Amazon calls enumerations is
// plain text here. The feed's content and its report are documented in words only: their shapes are those of reports that sellers published.

const text = z.string().min(1);
const amount = z.union([z.string(), z.number()]).transform(String);

const issue = z.object({ code: text, severity: text, attributeNames: z.array(z.string()).nullish() });

export const listing = z.object({
  sku: text,
  /** One for each marketplace where it is listed. */
  summaries: z.array(z.object({ marketplaceId: text, productType: z.string().nullish(), createdDate: z.string().nullish() })).nullish(),
  offers: z.array(z.object({ marketplaceId: text, offerType: text, price: z.object({ amount, currencyCode: text }) })).nullish(),
  /** Who sends it: DEFAULT is the seller. */
  fulfillmentAvailability: z.array(z.object({ fulfillmentChannelCode: text, quantity: z.int().min(0).nullish() })).nullish(),
  issues: z.array(issue).nullish(),
}); // biome-ignore format: a table

export const listingsPage = z.object({
  numberOfResults: z.int().min(0),
  pagination: z.object({ nextToken: z.string().nullish() }).nullish(),
  items: z.array(listing),
});

/** Answer to a patch. ACCEPTED: it is worked on. INVALID: it is not, the issues say why. */
export const submissionAnswer = z.object({ status: text, issues: z.array(issue).nullish() });

export const documentCreated = z.object({ feedDocumentId: text, url: z.url() });
export const feedCreated = z.object({ feedId: text });
export const feedState = z.object({
  processingStatus: text,
  processingEndTime: z.iso.datetime({ offset: true }).nullish(),
  resultFeedDocumentId: z.string().nullish(),
});
export const feedDocument = z.object({ url: z.url(), compressionAlgorithm: z.string().nullish() });

/** The document that says what became of a feed's messages. An issue without a message is about the feed as a whole. */
export const feedReport = z.object({
  issues: z.array(z.object({ messageId: z.int().nullish(), code: text, severity: text })).nullish(),
  summary: z.object({ messagesProcessed: z.int().min(0) }),
});

export type AmazonListing = z.output<typeof listing>;
export type AmazonIssue = z.output<typeof issue>;

/** A change of one attribute of a listing. */
export interface ListingPatch {
  readonly op: 'merge';
  readonly path: `/attributes/${string}`;
  readonly value: readonly Readonly<Record<string, unknown>>[];
}

/** A patch of one listing within a feed. */
export interface ListingMessage {
  /** From 1; the report names messages by it. */
  readonly messageId: number;
  readonly sku: string;
  readonly operationType: 'PATCH';
  readonly productType: string;
  readonly patches: readonly ListingPatch[];
}
