import type { CategoryFact, ProductFact, VariantFact } from '../port.ts';
import type { ToldFact } from './articles.ts';
import { grouped } from './grouped.ts';

/**
 * Keys under which the catalogue has what a system tells. Ids are derived from them, so that links, carts and orders find the
 * same goods whichever system serves them: a variant is known by its SKU, a product by its variants, a category by its path.
 */
export interface OwnKeys {
  /** The system whose keys are the catalogue's. */
  readonly home: string;
}

/** Key of a record that nothing in the catalogue fits. */
export const ownOf = ({ home }: OwnKeys, system: string, key: string): string => system === home ? key : `${system}/${key}`; // biome-ignore format: one thought

type Told = Pick<ToldFact<unknown>, 'system' | 'key' | 'own_key'>;

/**
 * @param wanted what is to be in the catalogue
 * @param same what other systems tell of the same, best first
 * @param isTaken whether something else has the key already
 */
function keyFor(keys: OwnKeys, wanted: Told, same: readonly Told[], isTaken: (key: string) => boolean): string {
  if (wanted.own_key !== null && !isTaken(wanted.own_key)) return wanted.own_key;
  const choices = [
    ...same.flatMap(({ own_key }) => own_key ?? []),
    ...(wanted.system === keys.home ? [wanted.key] : same.filter(({ system }) => system === keys.home).map(({ key }) => key)), // biome-ignore format: one thought
  ];
  return choices.find((key) => !isTaken(key)) ?? ownOf(keys, wanted.system, wanted.key);
}

/** Own keys of variants by `system key`, of those that are to be in the catalogue. */
export function variantKeys(
  keys: OwnKeys,
  picked: readonly ToldFact<VariantFact>[],
  all: readonly ToldFact<VariantFact>[],
): Map<string, string> {
  const bySku = grouped(all, ({ sku }) => sku);
  return assign(keys, picked, (one) => (bySku.get(one.sku) ?? []).filter((other) => other !== one), new Set());
}

/**
 * Own keys of products by `system key`.
 * @param same products of other systems that share a variant, by `system key`
 * @param taken keys that products beside these have
 */
export function productKeys(
  keys: OwnKeys,
  picked: readonly ToldFact<ProductFact>[],
  same: ReadonlyMap<string, readonly ToldFact<ProductFact>[]>,
  taken: ReadonlySet<string>,
): Map<string, string> {
  // Two systems may serve parts of one product: these share its key, two products of one system do not.
  const own = new Map<string, string>();
  for (const [system, some] of grouped(picked, (one) => one.system)) {
    const others = new Set([...taken].filter((key) => key.startsWith(`${system}\0`)).map((key) => key.slice(system.length + 1))); // biome-ignore format: one thought
    for (const [place, key] of assign(keys, some, (one) => same.get(placeOf(one)) ?? [], others)) own.set(place, key);
  }
  return own;
}

/** Own keys of all categories by `system key`: those with the same names from the root are one. */
export function categoryKeys(keys: OwnKeys, all: readonly ToldFact<CategoryFact>[]): Map<string, string> {
  const path = categoryPaths(all);
  const byPath = grouped(all, (one) => path.get(placeOf(one)));
  const own = new Map<string, string>();
  for (const [system, some] of grouped(all, (one) => one.system)) {
    const same = (one: ToldFact<CategoryFact>) => (byPath.get(path.get(placeOf(one))) ?? []).filter((other) => other.system !== system); // biome-ignore format: one thought
    for (const [place, key] of assign(keys, some, same, new Set())) own.set(place, key);
  }
  return own;
}

/** Names from the root by `system key`. A circle ends where it closes. */
export function categoryPaths(all: readonly ToldFact<CategoryFact>[]): Map<string, string> {
  const known = new Map(all.map((one) => [placeOf(one), one]));
  return new Map(
    all.map((one) => {
      const names: string[] = [];
      const seen = new Set<ToldFact<CategoryFact>>();
      for (let at: ToldFact<CategoryFact> | undefined = one; at && !seen.has(at); ) {
        seen.add(at);
        names.unshift(at.body.name.replace(/\s+/gu, ' ').trim());
        at = at.body.parentKey === null ? undefined : known.get(`${at.system} ${at.body.parentKey}`);
      }
      return [placeOf(one), names.join(' › ')];
    }),
  );
}

export const placeOf = ({ system, key }: { readonly system: string; readonly key: string }): string => `${system} ${key}`; // biome-ignore format: one thought

function assign<Fact>(
  keys: OwnKeys,
  wanted: readonly ToldFact<Fact>[],
  sameAs: (one: ToldFact<Fact>) => readonly Told[],
  taken: ReadonlySet<string>,
): Map<string, string> {
  const given = new Map<string, string>();
  const used = new Set(taken);
  // Who has a key keeps it, whoever else would like it.
  const inOrder = [...wanted].sort((a, b) => Number(a.own_key === null) - Number(b.own_key === null));
  for (const one of inOrder) {
    const key = keyFor(keys, one, sameAs(one), (candidate) => used.has(candidate));
    used.add(key);
    given.set(placeOf(one), key);
  }
  return given;
}
