/** Latitude and longitude in degrees. */
export type Place = readonly [latitude: number, longitude: number];

export const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
export type DayOfWeek = (typeof DAYS)[number];

const EARTH_RADIUS_KM = 6_371;

/** Distance over the earth's surface in whole kilometres (haversine). */
export function distanceKm([latitude, longitude]: Place, [otherLatitude, otherLongitude]: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const haversine = (angle: number) => Math.sin(angle / 2) ** 2;
  const chord =
    haversine(radians(otherLatitude - latitude)) +
    Math.cos(radians(latitude)) * Math.cos(radians(otherLatitude)) * haversine(radians(otherLongitude - longitude));
  return Math.round(2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(chord))));
}

/** The day and the minute of the day that a clock on the wall shows in a time zone. */
export function wallClock(at: Date, timeZone: string): { readonly date: string; readonly minute: number } {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    minute: Number(part('hour')) * 60 + Number(part('minute')),
  };
}

/**
 * The day (`YYYY-MM-DD` at the node) on which work that arrives now leaves it: today until the cut-off, else the next
 * open day. A node that is closed on all days never comes to one; the rules refuse that.
 */
export function dispatchDay(
  at: Date,
  node: { readonly timeZone: string; readonly cutOff?: string | undefined; readonly closed: readonly DayOfWeek[] },
): string {
  const { date, minute } = wallClock(at, node.timeZone);
  const day = new Date(`${date}T00:00:00Z`);
  if (node.cutOff !== undefined && minute >= minuteOf(node.cutOff)) day.setUTCDate(day.getUTCDate() + 1);
  while (node.closed.includes(DAYS[day.getUTCDay()] as DayOfWeek)) day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}

function minuteOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}
