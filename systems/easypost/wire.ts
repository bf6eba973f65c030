import { z } from 'zod';

/** Of an answer that is a tracker, what the client needs. The rest is read by `trackerRecord`, and kept as it came where it cannot be. */
export const trackerAnswer = z.looseObject({ id: z.string().min(1) });

/** An event as a webhook brings it. Its result is a tracker where the description begins with `tracker.`. */
export const eventBody = z.object({
  id: z.string().min(1),
  object: z.literal('Event'),
  description: z.string(),
  result: z.unknown(),
});

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || null);

const detail = z.object({
  message: text,
  status: z.string().min(1),
  status_detail: text,
  datetime: text,
  source: text,
  tracking_location: z
    .object({ city: text, state: text, country: text })
    .nullish()
    .transform((place) => place ?? null),
});

/** A tracker with its scans. Statuses are no enum: EasyPost adds some. */
export const trackerRecord = z.object({
  tracking_code: z.string().min(1),
  carrier: z.string().min(1),
  status: z.string().min(1),
  status_detail: text,
  updated_at: text,
  tracking_details: z
    .array(detail)
    .nullish()
    .transform((details) => details ?? []),
});

export type EasyPostTracker = z.output<typeof trackerRecord>;
export type EasyPostDetail = z.output<typeof detail>;

/** What is kept of a tracker. Who signed, where to, the evidence, and the page that shows them are not: nothing here needs them. */
const KEPT: ReadonlySet<string> = new Set([
  'id', 'object', 'mode', 'tracking_code', 'carrier', 'status', 'status_detail', 'created_at', 'updated_at', 'tracking_details',
]); // biome-ignore format: one list

/** A tracker as it came, without what is personal. */
export function withoutPersonal(record: unknown): unknown {
  if (typeof record !== 'object' || record === null) return null;
  const kept = Object.entries(record).filter(([name]) => KEPT.has(name));
  const text = JSON.stringify(Object.fromEntries(kept), (name, value: unknown) => (name === 'zip' ? undefined : value));
  return JSON.parse(text) as unknown;
}

/** Whatever says something of the parcel, so that the same said again is known. */
export function contentOf(record: unknown): unknown {
  if (typeof record !== 'object' || record === null) return record;
  const { updated_at: _, ...content } = record as Record<string, unknown>;
  return content;
}
