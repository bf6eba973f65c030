import { currencyExponent, isCurrencyCode } from '../../../platform/money.ts';
import type { ObservedJournal } from '../../../platform/observed/journal.ts';
import type { CallOptions } from '../../../systems/client-kit/call-options.ts';
import type { SqlClient } from '../../../systems/sql/client.ts';
import type { Relation, RelationName, SqlMapping } from '../../../systems/sql/mapping.ts';
import { type KeyedRow, readRelation, sinceOf } from '../../../systems/sql/relation.ts';
import { amountOfPiece, basisPoints, flagOf, momentOf, NoTranslation, piecesOf, timesPieces, translate } from '../../../systems/sql/values.ts'; // biome-ignore format: one thought
import type { RejectionReason } from '../errors.ts';
import type { Sku } from '../model.ts';
import type { BundleFact, CatalogueFact, ChangeEntry, FactKind, ProductSource, RejectedRecord } from '../port.ts';
import { type LookAt, observedProductSource } from './observed.ts';

/** A field of a row after translation; null when there is none. */
type Field = (name: string) => string | null;

/** Products of which nobody knows since when there are any. */
const LONG_AGO = new Date(0);

/**
 * Goods and prices of a database that can only be read, as its mapping says: each mapped relation is a stream. Where the relation
 * has a change column, what changed is read; now and then everything, which finds what was deleted.
 * @param name of the system; keys begin with it
 */
export function sqlProductSource(
  sql: SqlClient,
  journal: ObservedJournal,
  name: string,
  mapping: SqlMapping,
): ProductSource {
  const own = (key: string) => `${name}:${key}`;
  const { relations, timeZone } = mapping;
  const { categories, products, variants, bundles, prices } = relations;
  const streams: Record<string, LookAt> = {};
  if (categories) streams.categories = byRow('categories', categories, toCategory);
  if (products) streams.products = byRow('products', products, (key, field) => [toProduct(key, field)]);
  if (variants) streams.variants = byRow('variants', variants, toVariant);
  if (bundles) streams.bundles = lookAtBundles(bundles);
  if (prices) streams.prices = byRow('prices', prices, toPrice);
  return observedProductSource(name, journal, streams, mapping.lookEveryMillis);

  function byRow(
    relationName: RelationName,
    relation: Relation,
    translateRow: (key: string, field: Field, row: KeyedRow) => ChangeEntry[],
  ): LookAt {
    const kinds = KINDS_OF[relationName].filter(
      (kind) => kind !== 'product' || relationName !== 'variants' || !products,
    );
    const entriesOf = (row: KeyedRow): ChangeEntry[] => {
      const key = own(row.key);
      if (!row.counts) return kinds.map((kind) => ({ kind: `${kind}Removed`, key }));
      return attempt(kinds[0] ?? 'variant', key, () => translateRow(key, fieldsOf(relation, row), row));
    };
    return looking(relation, (rows) => rows.flatMap(entriesOf));
  }

  /**
   * Reads what changed, or everything: after a start, when it is time, and where changes cannot be told.
   * @param asWhole rows belong together: when one changed all of them are read
   */
  function looking(relation: Relation, translateAll: (rows: KeyedRow[]) => ChangeEntry[], asWhole = false): LookAt {
    const { change, from } = relation;
    let last: { readonly all: number; readonly newest: string | null } | null = null;
    return async (signal) => {
      const call: CallOptions = { signal };
      const now = performance.now();
      const isDue = last === null || now - last.all >= mapping.readAllEveryMillis;
      if (!isDue && !change) return null;
      // Before the rows: what changes while they are read has a higher value.
      const newest = change ? await sql.highest(from, change.column, call) : null;
      if (!isDue && asWhole && newest === last?.newest) return null;
      const since = change && !isDue && !asWhole ? sinceOf(change, last?.newest ?? null, timeZone) : null;
      const rows = await readRelation(sql, relation, since, call);
      const isAll = since === null;
      const onTaken = () => {
        last = { all: isAll ? now : (last?.all ?? now), newest };
      };
      return { entries: translateAll(isAll ? rows.filter(({ counts }) => counts) : rows), isAll, onTaken };
    };
  }

  function fieldsOf({ fields }: Relation, { row }: KeyedRow): Field {
    return (field) => {
      const source = fields[field];
      return translate(source, source && 'column' in source ? row[source.column] : null);
    };
  }

  function toCategory(key: string, field: Field): ChangeEntry[] {
    const parent = field('parent');
    return [{ kind: 'category', key, name: field('name') ?? '', parentKey: parent === null ? null : own(parent) }];
  }

  function toProduct(key: string, field: Field): CatalogueFact {
    const category = field('category');
    return {
      kind: 'product',
      key,
      title: field('title') ?? '',
      description: field('description'),
      brand: field('brand'),
      categoryKeys: category === null ? [] : [own(category)],
      media: [],
      recordedAt: momentOf(field('recorded'), timeZone) ?? LONG_AGO,
    };
  }

  function toVariant(key: string, field: Field, { row }: KeyedRow): ChangeEntry[] {
    const product = products ? [] : [toProduct(key, field)];
    const sku = field('sku');
    const productKey = products ? field('product') : null;
    if (sku === null) return [...product, { kind: 'rejected', record: 'variant', key, reason: 'NO_SKU' }];
    if (products && productKey === null) return [unreadable('variant', key)];
    const options = Object.entries(variants?.options ?? {}).flatMap(([option, column]) => {
      const value = row[column]?.trim();
      return value ? [{ name: option, value }] : [];
    });
    return [
      ...product,
      {
        kind: 'variant',
        key,
        productKey: productKey === null ? key : own(productKey),
        sku: sku as Sku,
        gtin: field('gtin'),
        title: field('title') ?? '',
        options,
      },
    ];
  }

  function toPrice(key: string, field: Field): ChangeEntry[] {
    const currencyCode = field('currency') ?? '';
    const reject = (reason: RejectionReason): ChangeEntry[] => [{ kind: 'rejected', record: 'price', key, reason }];
    if (!isCurrencyCode(currencyCode)) return reject('CURRENCY_UNKNOWN');
    const pieces = piecesOf(field('unit'), mapping.units);
    const { impliedDigits } = mapping;
    const digits = currencyExponent(currencyCode);
    const implied = impliedDigits && (impliedDigits[currencyCode] ?? impliedDigits.default ?? digits);
    const amountMinor = amountOfPiece(field('amount') ?? '', { per: field('per') ?? '1', pieces, implied, digits });
    if (amountMinor === null) return reject('PRICE_INVALID');
    const former = flagOf(field('former'));
    const taxIncluded = flagOf(field('taxIncluded'));
    if (former === null || taxIncluded === null) return reject('UNREADABLE');
    const validFrom = momentOf(field('begins'), timeZone) ?? LONG_AGO;
    const validTo = momentOf(field('ends'), timeZone, 'end');
    if ([validFrom, validTo].some((at) => Number.isNaN(at?.getTime()))) return reject('DATE_INVALID');
    return [
      {
        kind: 'price',
        key,
        variantKey: own(field('variant') ?? ''),
        priceList: field('list') ?? '',
        currencyCode,
        former,
        // A price from half a dozen on begins at six; one without a quantity at the first piece.
        minQuantity: Math.max(1, timesPieces(field('from') ?? '0', pieces)),
        validFrom,
        validTo,
        amountMinor,
        taxIncluded,
        taxBasisPoints: Math.round(basisPoints(field('tax') ?? '0')),
      },
    ];
  }

  /** A bundle is all of its rows. */
  function lookAtBundles(relation: Relation): LookAt {
    const translateAll = (rows: KeyedRow[]) => {
      const byVariant = new Map<string, BundleFact | RejectedRecord>();
      for (const row of rows) {
        const field = fieldsOf(relation, row);
        const key = own(field('variant') ?? '');
        const known = byVariant.get(key);
        if (known?.kind === 'rejected') continue;
        const [entry] = attempt('bundle', key, () => {
          const component = { variantKey: own(field('component') ?? ''), quantity: timesPieces(field('quantity') ?? '', piecesOf(field('unit'), mapping.units)) }; // biome-ignore format: one thought
          if (Number.isNaN(component.quantity)) return [unreadable('bundle', key)];
          return [{ kind: 'bundle', key, components: [...(known?.components ?? []), component] }];
        });
        byVariant.set(key, entry as BundleFact | RejectedRecord);
      }
      return [...byVariant.values()];
    };
    return looking(relation, translateAll, true);
  }
}

const KINDS_OF: Readonly<Record<RelationName, readonly FactKind[]>> = {
  categories: ['category'],
  products: ['product'],
  variants: ['variant', 'product'],
  bundles: ['bundle'],
  prices: ['price'],
};

/** Of a row whose codes cannot be translated, one record is set aside; the others are told. */
function attempt(record: FactKind, key: string, work: () => ChangeEntry[]): ChangeEntry[] {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NoTranslation)) throw error;
    return [{ kind: 'rejected', record, key, reason: 'NO_TRANSLATION' }];
  }
}

const unreadable = (record: FactKind, key: string): RejectedRecord => ({ kind: 'rejected', record, key, reason: 'UNREADABLE' }); // biome-ignore format: one thought
