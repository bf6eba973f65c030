/** Order of day and month where a date is written with slashes: nothing in the date tells. */
export type SlashDates = 'month first' | 'refused';

const ZONES: Readonly<Record<string, string>> = { UTC: 'Z', GMT: 'Z', Z: 'Z', PST: '-08:00', PDT: '-07:00' };

const PATTERNS = [
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[T ](?<time>\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})? ?(?<zone>[A-Z]{1,3}|[+-]\d\d:?\d\d)?)?$/,
  /^(?<day>\d\d)\.(?<month>\d\d)\.(?<year>\d{4})(?: (?<time>\d\d:\d\d(?::\d\d)?) ?(?<zone>[A-Z]{1,3}|[+-]\d\d:?\d\d)?)?$/,
];
const SLASHES =
  /^(?<month>\d{1,2})\/(?<day>\d{1,2})\/(?<year>\d{4})(?: (?<time>\d\d:\d\d(?::\d\d)?) ?(?<zone>[A-Z]{1,3}|[+-]\d\d:?\d\d)?)?$/;

/** What `readMoment` reads, for a refusal. */
export const MOMENT_EXPECTED = 'a date such as 2026-11-27, 27.11.2026 or 2026-11-27 09:30:00 UTC';

/**
 * Reads the dates of reports: ISO 8601, `2026-11-27 09:30:00 UTC`, `27.11.2026 09:30:00 UTC`. Without a time it is the
 * beginning of the day, without a zone it is UTC, as Amazon and Walmart mean it. Null when it is none of them, or no day
 * of the calendar.
 */
export function readMoment(text: string, slashes: SlashDates = 'refused'): Date | null {
  const trimmed = text.trim();
  const patterns = slashes === 'month first' ? [...PATTERNS, SLASHES] : PATTERNS;
  for (const pattern of patterns) {
    const found = pattern.exec(trimmed)?.groups;
    if (!found) continue;
    const { year = '', month = '', day = '', time = '00:00', zone = 'UTC' } = found;
    const offset = /^[+-]/.test(zone) ? zone.replace(/^(...)(\d\d)$/, '$1:$2') : ZONES[zone];
    if (offset === undefined) return null;
    const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
    const moment = new Date(`${date}T${time.length === 5 ? `${time}:00` : time}${offset}`);
    // Date takes 31 February for 3 March.
    const calendar = new Date(`${date}T00:00:00Z`);
    if (Number.isNaN(moment.getTime()) || Number.isNaN(calendar.getTime())) return null;
    return calendar.toISOString().startsWith(date) ? moment : null;
  }
  return null;
}
