import type { NoticeLine, NoticePackage } from '../port.ts';

/** Units of one line in one parcel. */
export interface PackedUnits {
  readonly parcel: NoticePackage;
  readonly units: number;
}

/**
 * Pure: which units of a shipment's lines are in which of its parcels. Where the node did not say, or packed components of
 * bundles, all are told to be in the first: a channel wants a tracking number for every unit.
 */
export function parcelsByLine({
  lines,
  packages,
}: {
  readonly lines: readonly NoticeLine[];
  readonly packages: readonly NoticePackage[];
}): ReadonlyMap<string, readonly PackedUnits[]> {
  const left = packages.map(({ contents = [] }) => new Map(contents.map(({ sku, quantity }) => [sku, quantity])));
  const packed = new Map<string, PackedUnits[]>();
  for (const { lineId, sku, quantity } of lines) {
    const parts: PackedUnits[] = [];
    let missing = quantity;
    packages.forEach((parcel, index) => {
      const units = Math.min(missing, left[index]?.get(sku) ?? 0);
      if (units === 0) return;
      left[index]?.set(sku, (left[index]?.get(sku) ?? 0) - units);
      missing -= units;
      parts.push({ parcel, units });
    });
    const [first] = packages;
    packed.set(lineId, missing === 0 || !first ? parts : [{ parcel: first, units: quantity }]);
  }
  return packed;
}

/** Pure: the last so many of the units. */
export function lastUnits(parts: readonly PackedUnits[], units: number): PackedUnits[] {
  let left = units;
  return parts
    .toReversed()
    .flatMap((part) => {
      const taken = Math.min(left, part.units);
      left -= taken;
      return taken > 0 ? [{ ...part, units: taken }] : [];
    })
    .toReversed();
}
