import type { Knex } from 'knex';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { Comparison, Difference } from '../../platform/reconcile/comparison.ts';
import { applyFacts } from './facts/apply.ts';
import { productId } from './facts/products.ts';
import { variantId } from './facts/variants.ts';
import { type ChangeEntry, type ProductSource, recordOf } from './port.ts';
import type { PartOf } from './told/model.ts';
import { readServing } from './told/serving.ts';
import { inCatalogue } from './told/translate.ts';

const PAGE = 500;
/** Kinds whose facts are compared, as `recordOf` names them. */
const KINDS = ['product', 'variant', 'price'] as const;
type Kind = (typeof KINDS)[number];

const REMEDY =
  'Taking the record over again did not put it right: a rule of the catalogue stands against it. The exceptions of the product feed say which.';

/** Goods and prices with those of the system that knows them. Its records are taken over again where they differ. */
export function catalogueComparison(deps: {
  readonly knex: Knex;
  readonly source: ProductSource;
  readonly partOf: PartOf;
  readonly clock?: Clock;
}): Comparison {
  const { knex, source, partOf, clock = systemClock } = deps;

  /** A page of one stream; every record of it in its newest state. */
  async function read(cursor: string | null, signal: AbortSignal) {
    const [index, after] = cursor === null ? [0, 0] : (JSON.parse(cursor) as [number, number]);
    const stream = source.streams[index] ?? '';
    const page = await source.changesAfter(stream, after, { limit: PAGE, waitSeconds: 0, signal });
    const { next } = page;
    const atEnd = page.entries.length < PAGE;
    const entries = await inCatalogue(knex, source.name, page.entries, partOf);
    const nextIndex = atEnd ? index + 1 : index;
    return {
      entries,
      next: nextIndex >= source.streams.length ? null : JSON.stringify([nextIndex, atEnd ? 0 : next]),
    };
  }

  async function compare(entries: readonly ChangeEntry[]): Promise<Difference[]> {
    const found: Difference[] = [];
    const setAside = new Set(
      (await query<{ kind: string; key: string }>(knex, 'select kind, key from product.set_aside where source = ?', [source.name])).map((row) => `${row.kind}:${idOf(row.kind, row.key)}`), // biome-ignore format: one thought
    );
    for (const kind of KINDS) {
      // What could not be taken is on the exception desk already.
      const facts = newest(entries.filter((entry) => recordOf(entry) === kind && !setAside.has(keyOf(entry))));
      const known = await knownOf(knex, kind, facts.map(({ key }) => idOf(kind, key))); // biome-ignore format: one thought
      for (const fact of facts) {
        const there = factText(fact);
        const here = known.get(idOf(kind, fact.key)) ?? GONE;
        if (there !== here) found.push({ key: keyOf(fact), what: `The ${kind} ${fact.key} is ${there} there, ${here} here`, remedy: REMEDY, correctable: true }); // biome-ignore format: one thought
      }
    }
    return found;
  }

  return {
    system: source.name,
    subject: 'catalogue',

    async theirs(cursor, signal) {
      const { entries, next } = await read(cursor, signal);
      return {
        keys: [...new Set(entries.filter((entry) => KINDS.some((kind) => kind === recordOf(entry))).map(keyOf))],
        differences: await compare(entries.filter((entry) => entry.kind !== 'rejected')),
        next,
      };
    },

    async ours(cursor) {
      // Of two systems neither lists all: what only one has is compared all the time (told/compare.ts).
      if (await readServing(knex)) return { keys: [], next: null };
      const rows = await query<{ key: string }>(
        knex,
        `select key from (
           select 'price:' || source_key as key from product.price
           union all select 'variant:' || id from product.variant where not hidden
         ) mine where key > ? order by key limit ?`,
        [cursor ?? '', PAGE],
      );
      return { keys: rows.map((row) => row.key), next: rows.length < PAGE ? null : (rows.at(-1)?.key ?? null) };
    },

    async missing(keys) {
      const found: Difference[] = [];
      for (const kind of KINDS) {
        const mine = keys.filter((key) => key.startsWith(`${kind}:`)).map((key) => key.slice(kind.length + 1));
        for (const [key, text] of await knownOf(knex, kind, mine)) {
          found.push({
            key: `${kind}:${key}`,
            what: `The ${kind} ${key} is ${text} here, and the system of record does not list it`,
            remedy: 'Enter it there again, or mark it as deleted there: then it goes here too.',
            correctable: false,
          });
        }
      }
      return found;
    },

    async correct(cursor, keys, signal) {
      const { entries } = await read(cursor, signal);
      const facts = entries.filter((entry) => entry.kind !== 'rejected').filter((entry) => keys.includes(keyOf(entry)));
      await inTransaction(knex, (trx) => applyFacts(trx, facts, clock.now()));
      const left = new Set((await compare(facts)).map(({ key }) => key));
      return keys.filter((key) => !left.has(key));
    },
  };
}

const GONE = 'not on sale';
/** Our own id of what the system's key names. */
function idOf(kind: string, key: string): string {
  if (kind === 'product') return productId(key);
  return kind === 'variant' ? variantId(key) : key;
}
const keyOf = (entry: ChangeEntry): string => `${recordOf(entry)}:${idOf(recordOf(entry), entry.key)}`;

/** The last word about each record of the page. */
function newest(entries: readonly ChangeEntry[]): ChangeEntry[] {
  return [...new Map(entries.map((entry) => [keyOf(entry), entry])).values()];
}

/** What is compared of a fact, as text; the statement in `knownOf` says the same of what is stored. */
function factText(fact: ChangeEntry): string {
  switch (fact.kind) {
    case 'product':
      return JSON.stringify([fact.title]);
    case 'variant':
      return JSON.stringify([fact.sku, productId(fact.productKey)]);
    case 'price': {
      const until = fact.validTo === null ? null : fact.validTo.getTime();
      const { priceList, currencyCode, minQuantity, taxIncluded, taxBasisPoints } = fact;
      return JSON.stringify([
        variantId(fact.variantKey),
        priceList,
        currencyCode,
        fact.former ? 'FORMER' : 'SELLING',
        minQuantity,
        fact.validFrom.getTime(),
        until,
        String(fact.amountMinor),
        taxIncluded,
        taxBasisPoints,
      ]);
    }
    default:
      return GONE;
  }
}

const STORED: Readonly<Record<Kind, string>> = {
  product: `select id as key, jsonb_build_array(title) as said from product.product where id = any (?::text[]) and not hidden`,
  variant: `select id as key, jsonb_build_array(sku, product_id) as said from product.variant where id = any (?::text[]) and not hidden`,
  price: `select source_key as key, jsonb_build_array(variant_id, price_list, currency_code, kind, min_quantity, (extract(epoch from valid_from) * 1000)::bigint,
            (extract(epoch from valid_to) * 1000)::bigint, amount_minor::text, tax_included, tax_basis_points) as said
          from product.price where source_key = any (?::text[])`,
};

async function knownOf(knex: Knex, kind: Kind, keys: readonly string[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  const rows = await query<{ key: string; said: unknown[] }>(knex, STORED[kind], [keys]);
  return new Map(rows.map((row) => [row.key, JSON.stringify(row.said)]));
}
