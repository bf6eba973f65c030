import type { FactValue } from '../../../platform/channel-facts/channel.ts';
import type { Known, Weight } from '../../../platform/channel-facts/note.ts';

/** Sales of so long ago count a third as much as those of now. */
const FADING_DAYS = 1;
/** So few units are nearly sold out, however slowly they sell. */
const FEW_UNITS = 5;
/** An item that sells out sooner than this is urgent, where the channel believes in more. */
const URGENT_DAYS = 1;
/** What never sells is taken to sell one in so many days. */
const SLOWEST_PER_DAY = 0.01;
/** Behind all that a channel could sell without our having it. */
const NO_RISK = 1e9;

/**
 * Pure: how soon new units are told. First what the channel believes to be more than it is, by how soon it would sell what is not there;
 * then the rest, fast movers first.
 */
export function weighStock({ value: former, told, memo, now }: Pick<Known, 'value' | 'told' | 'memo' | 'now'>, value: FactValue): Weight {
  const units = unitsOf(value) ?? 0;
  const at = typeof memo.at === 'number' ? memo.at : now.getTime();
  const days = Math.max(0, now.getTime() - at) / 86_400_000;
  const faded = (typeof memo.perDay === 'number' ? memo.perDay : 0) * Math.exp(-days / FADING_DAYS);
  const perDay = faded + Math.max(0, (unitsOf(former) ?? units) - units);
  const cover = units / Math.max(perDay, SLOWEST_PER_DAY);
  const believed = unitsOf(told);
  const isRisky = believed === null || believed > units;
  return {
    rank: isRisky ? cover : NO_RISK + cover,
    urgent: isRisky && believed !== null && (units <= FEW_UNITS || cover < URGENT_DAYS),
    memo: { perDay: Math.round(perDay * 1_000) / 1_000, at: now.getTime() },
  };
} // biome-ignore format: one thought

function unitsOf(value: FactValue | null): number | null {
  return typeof value?.units === 'number' ? value.units : null;
}
