import { type UsageSnapshot, usageAgeDays } from '../usage.ts';

/** Days after which recorded usage no longer says what is in use. */
export const USAGE_TRUSTED_DAYS = 14;

/** What a reader has to know about the usage that a check went by. */
export function usageNotes(usage: UsageSnapshot | null, now: Date): string[] {
  if (!usage)
    return [
      'No usage was exported (schema/usage.json): every registered operation counts as in use, clients without one are not known.',
    ];
  const days = usageAgeDays(usage, now);
  const until = usage.recordedUntil.slice(0, 10);
  if (days > USAGE_TRUSTED_DAYS)
    return [
      `Usage is ${days} days old (recorded until ${until}), too old to trust: who is not in it may still be a client. Export it again with \`commerce schema usage export\`.`,
    ];
  return [`Usage was recorded from ${usage.recordedFrom.slice(0, 10)} until ${until}.`];
}
