import type { JournalWriter } from '../../platform/observed/journal.ts';
import { type KeptBooking, type KeptLevel, levelKey, STREAMS } from './records.ts';

/** What left within so long before a count is remembered, in milliseconds: counts are made before they are sent. */
const REMEMBERED_MILLIS = 7 * 86_400_000;

/** Something that a file says of a shelf. */
export type ShelfNews = {
  readonly siteCode: string;
  readonly sku: string;
  readonly at: Date;
  readonly reference: string;
} & ({ readonly counted: number } | { readonly left: number; readonly lineRef: string });

/**
 * Books what files say of shelves, under a key each, in the order in which it happened and not in which it came: a count leaves
 * out what left after it, what left before the last count is in that count, and a count older than the last one says nothing.
 * What left in the same minute or second is taken off: too little on hand is mended by the next count, too much is sold.
 * @param news by the key of the booking: one that is known is not made again
 */
export async function bookNews(writer: JournalWriter, news: ReadonlyMap<string, ShelfNews>): Promise<void> {
  const booked = new Set((await writer.find(STREAMS.bookings, [...news.keys()])).map(({ key }) => key));
  const keys = [...new Set([...news.values()].map(({ siteCode, sku }) => levelKey(siteCode, sku)))];
  const known = await writer.find<KeptLevel>(STREAMS.levels, keys);
  const levels = new Map(known.map(({ key, body }) => [key, body]));
  const bookings = new Map<string, KeptBooking>();
  for (const [key, one] of news) {
    if (booked.has(key)) continue;
    const place = levelKey(one.siteCode, one.sku);
    const before = levels.get(place) ?? { siteCode: one.siteCode, sku: one.sku, onHand: 0, sequence: 0, measuredAt: one.at.toISOString(), countedAt: null, left: [] }; // biome-ignore format: one thought
    const after = 'counted' in one ? count(before, one.at, one.counted) : leave(before, one.at, one.left);
    if (after === null) continue;
    levels.set(place, after);
    bookings.set(key, {
      siteCode: one.siteCode,
      sku: one.sku,
      kind: 'counted' in one ? 'ADJUSTMENT' : 'SALE',
      onHand: after.onHand,
      measuredAt: after.measuredAt,
      reference: one.reference,
      lineRef: 'counted' in one ? null : one.lineRef,
      issued: 'counted' in one ? 0 : one.left,
    });
  }
  const head = await writer.put(STREAMS.bookings, bookings);
  const last = new Map<string, KeptLevel>();
  let sequence = head - bookings.size;
  for (const { siteCode, sku } of bookings.values()) {
    sequence += 1;
    const level = levels.get(levelKey(siteCode, sku));
    if (level) last.set(levelKey(siteCode, sku), { ...level, sequence });
  }
  await writer.put(STREAMS.levels, last);
}

function count(level: KeptLevel, at: Date, units: number): KeptLevel | null {
  if (level.countedAt !== null && at < new Date(level.countedAt)) return null;
  const since = at.getTime() - REMEMBERED_MILLIS;
  const later = level.left.filter((one) => new Date(one.at) >= at);
  return {
    ...level,
    onHand: Math.max(0, units - later.reduce((sum, one) => sum + one.units, 0)),
    measuredAt: new Date(Math.max(at.getTime(), ...later.map((one) => new Date(one.at).getTime()))).toISOString(),
    countedAt: at.toISOString(),
    left: level.left.filter((one) => new Date(one.at).getTime() > since),
  };
}

function leave(level: KeptLevel, at: Date, units: number): KeptLevel {
  const isCounted = level.countedAt !== null && at < new Date(level.countedAt);
  return {
    ...level,
    onHand: isCounted ? level.onHand : Math.max(0, level.onHand - units),
    measuredAt: at > new Date(level.measuredAt) ? at.toISOString() : level.measuredAt,
    left: [...level.left, { at: at.toISOString(), units }],
  };
}
