import type { Knex } from 'knex';
import { formatAmount, money } from '../../platform/money.ts';
import type { ObservedJournal } from '../../platform/observed/journal.ts';
import { sqlProductSource } from '../../subgraphs/product/adapters/sql.ts';
import type { ChangeEntry, PriceFact } from '../../subgraphs/product/port.ts';
import type { SqlClient } from '../../systems/sql/client.ts';
import type { SqlMapping } from '../../systems/sql/mapping.ts';
import type { Goods, SourceWorld } from './product-source.contract.ts';

const VAT: Readonly<Record<number, string>> = { 2000: 'S', 1000: 'R', 0: 'Z' };

/** A legacy ERP, and the adapter over it. @param erp the account of who keeps its tables */
export function startSqlWorld(
  erp: Knex,
  sql: SqlClient,
  journal: ObservedJournal,
  mapping: SqlMapping,
  stop: () => Promise<void>,
): SourceWorld {
  const chg = erp.fn.now(3);
  const put = (table: string, key: string, row: Readonly<Record<string, unknown>>) => putRow(erp, table, key, { ...row, chg }); // biome-ignore format: one thought
  const remove = (table: string, key: string, value: string) => erp(`legacy.${table}`).where(key, value).delete();

  async function putGoods({ product, variants }: Goods, isNameless = false): Promise<void> {
    const { key, title, description, brand, categoryKeys } = product;
    await put('style', 'style_no', { style_no: key, descr: title, long_txt: description, brand, grp_no: categoryKeys[0], created: '2026-11-23' }); // biome-ignore format: one thought
    for (const one of variants) {
      const colour = one.options[0]?.value ?? '';
      await put('article', 'art_no', { art_no: one.key, style_no: key, sku: isNameless ? '  ' : one.sku, ean: one.gtin, descr: one.title, colour }); // biome-ignore format: one thought
    }
  }

  /** By the dozen where a price begins at dozens, per hundred in yen: what the adapter has to undo. */
  function rowOf(price: PriceFact) {
    const unit = price.minQuantity % 12 === 0 ? { unit: 'DZ', pieces: 12 } : { unit: 'EA', pieces: 1 };
    const per = price.currencyCode === 'JPY' ? 100 : 1;
    const minor = price.amountMinor * BigInt(unit.pieces * per);
    return {
      cond_no: price.key,
      art_no: price.variantKey,
      list_cd: price.priceList,
      amount: formatAmount(money(minor, price.currencyCode)),
      curr: price.currencyCode,
      per_qty: per,
      unit: unit.unit,
      from_qty: price.minQuantity / unit.pieces,
      valid_from: price.validFrom.toISOString().slice(0, 10),
      // The last day on which it holds.
      valid_to: price.validTo && new Date(price.validTo.getTime() - 1).toISOString().slice(0, 10),
      is_former: price.former ? 'Y' : 'N',
      vat_cd: VAT[price.taxBasisPoints],
      gross: price.taxIncluded ? '1' : '0',
    };
  }

  return {
    source: sqlProductSource(sql, journal, 'legacy', mapping),
    named: (entry) => JSON.parse(JSON.stringify(entry, plain), revive) as ChangeEntry,
    putCategory: ({ key, name, parentKey }) => put('art_group', 'grp_no', { grp_no: key, descr: name, parent_no: parentKey }), // biome-ignore format: one thought
    putGoods,
    putNameless: (goods) => putGoods(goods, true),
    putPrice: (price) => put('price_cond', 'cond_no', rowOf(price)),
    async removeCategory(key) {
      await remove('art_group', 'grp_no', key);
    },
    // The article is out of use, its style is gone.
    async removeGoods({ product, variants }) {
      for (const { key } of variants) await erp('legacy.article').where('art_no', key).update({ status: 'X', chg });
      await remove('style', 'style_no', product.key);
    },
    async removePrice({ key }) {
      await remove('price_cond', 'cond_no', key);
    },
    async putBundle({ key, components }) {
      await remove('kit', 'kit_no', key);
      await erp('legacy.kit').insert(components.map(({ variantKey, quantity }) => ({ kit_no: key, comp_no: variantKey, qty: quantity, unit: 'EA', chg }))); // biome-ignore format: one thought
    },
    async removeBundle({ key }) {
      await remove('kit', 'kit_no', key);
    },
    stop,
  };
}

async function putRow(erp: Knex, table: string, key: string, row: Readonly<Record<string, unknown>>): Promise<void> {
  const changed = await erp(`legacy.${table}`)
    .where(key, row[key] as string)
    .update(row);
  if (changed === 0) await erp(`legacy.${table}`).insert(row);
}

/** Keys begin with the name of the system; the suite's do not. Amounts and moments survive as they are. */
function plain(this: unknown, name: string, value: unknown): unknown {
  const own = (this as Record<string, unknown>)[name];
  if (typeof own === 'bigint') return { bigint: String(own) };
  if (own instanceof Date) return { date: own.getTime() };
  return typeof value === 'string' ? value.replace(/^legacy:/, '') : value;
}

function revive(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('bigint' in value) return BigInt(String(value.bigint));
  return 'date' in value ? new Date(Number(value.date)) : value;
}
