import { groupBy } from '../../platform/batch.ts';
import { formatAmount, money } from '../../platform/money.ts';
import type { Article } from './articles.ts';
import { gtinOfSku } from './gtin.ts';
import { pick } from './hash.ts';
import { materialGroupOf } from './material-groups.ts';
import type { SampleMaterial } from './model.ts';
import { sharedTitle, tidyTitle, wordsBeside } from './titles.ts';

/** Made-up makers: the source names none. Articles of one style group have one maker. */
const MANUFACTURERS = [
  'Ashdown Row', 'Brindle & Wren', 'Copperfold', 'Dovemill', 'Harrowgate Lane', 'Larkmoor', 'Pennythorn', 'Tidewick',
] as const; // biome-ignore format: a table

/** The ERP's number of the article that the channels call `sku`. */
export const materialNoOfSku = (sku: string): string => `M-${sku}`;

/**
 * Materials of the articles, style groups before single articles. Stock codes with the same five digits and different
 * letters (84029E, 84029G) are variants of one configurable material, told apart by the characteristic Style.
 */
export function materialsOf(articles: readonly Article[]): SampleMaterial[] {
  const byDigits = groupBy(articles, ({ sku }) => (sku.length > 5 ? sku.slice(0, 5) : `${sku} alone`));
  const groups = [...byDigits].filter(([, members]) => members.length > 1);
  const single = [...byDigits.values()].filter((members) => members.length === 1).flat();
  return [
    ...groups.flatMap(([digits, members]) => styleGroup(digits, members)),
    ...single.map((article) => tradingGoods(article, null, [])),
  ];
}

function styleGroup(digits: string, members: readonly Article[]): SampleMaterial[] {
  const titles = members.map((member) => tidyTitle(member.description));
  const shared = sharedTitle(titles);
  const styles = styleNames(members, titles, shared);
  const head: SampleMaterial = {
    ...masterData(digits, shared ?? titles[0] ?? digits, members[0]?.description ?? ''),
    materialNo: `K-${digits}`,
    materialType: 'KMAT',
    oldMaterialNo: null,
    configurableMaterialNo: null,
    characteristics: [],
    gtinEan: null,
  };
  return [
    head,
    ...members.map((member, index) =>
      tradingGoods(member, head.materialNo, [{ name: 'Style', value: styles[index] ?? member.sku }]),
    ),
  ];
}

/** What each title adds to the shared one; the whole title, or the title and the code's letters, where that says nothing. */
function styleNames(members: readonly Article[], titles: readonly string[], shared: string | null): string[] {
  const distinct = (names: readonly string[]) => new Set(names).size === names.length && !names.includes('');
  const short = shared === null ? titles : titles.map((title) => wordsBeside(shared, title));
  if (distinct(short)) return [...short];
  if (distinct(titles)) return [...titles];
  return members.map((member, index) => `${titles[index]} ${member.sku.slice(5)}`);
}

function tradingGoods(
  article: Article,
  configurableMaterialNo: string | null,
  characteristics: SampleMaterial['characteristics'],
): SampleMaterial {
  return {
    ...masterData(article.sku.slice(0, 5), tidyTitle(article.description), article.description),
    materialNo: materialNoOfSku(article.sku),
    materialType: 'HAWA',
    oldMaterialNo: article.sku,
    configurableMaterialNo,
    characteristics,
    gtinEan: gtinOfSku(article.sku),
    unitCost: { amount: formatAmount(money(costPence(article), 'GBP')), currency: 'GBP' },
  };
}

/** Made up, as the file tells no costs: 35 to 59 per cent of the price, half up on the penny. */
function costPence({ sku, pricePence }: Article): bigint {
  return (BigInt(pricePence) * BigInt(35 + pick(25, 'cost', sku)) * 2n + 100n) / 200n;
}

function masterData(digits: string, title: string, description: string) {
  const group = materialGroupOf(description);
  const manufacturer = MANUFACTURERS[pick(MANUFACTURERS.length, 'manufacturer', digits)] ?? MANUFACTURERS[0];
  return {
    descriptions: [
      { language: 'EN', shortText: title, longText: `${title} by ${manufacturer}. From our range ${group.text}.` },
    ],
    materialGroupNo: group.groupNo,
    manufacturer,
    baseUnit: 'EA',
    taxClass: '1',
    deletionFlag: false,
  } as const;
}
