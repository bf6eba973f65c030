import { readCsv, writeCsv } from '../csv.ts';

/** What the reference server knows of a shop's offers. Everything in it may be changed while it runs. */
export interface MiraklOffers {
  readonly offers: Map<string, { quantity: number; price: number }>;
  readonly imports: Map<string, StoredImport>;
  /** Imports are worked on when they come; while false, they wait for `workOn`. */
  works: boolean;
  /** Quantities in the order in which they were applied. */
  readonly applied: { readonly sku: string; readonly quantity: number }[];
}

export interface StoredImport {
  readonly id: string;
  readonly kind: 'stock' | 'pricing';
  readonly rows: readonly string[][];
  status: 'WAITING' | 'RUNNING' | 'COMPLETE' | 'FAILED';
  /** Number of a row and what is wrong with it. */
  readonly errors: Map<number, string>;
}

const COLUMNS = {
  stock: ['offer-sku', 'quantity', 'warehouse-code', 'update-delete'],
  pricing: ['offer-sku', 'price', 'discount-price', 'discount-start-date', 'discount-end-date'],
} as const;

export function emptyOffers(): MiraklOffers {
  return { offers: new Map(), imports: new Map(), works: true, applied: [] };
}

/** The seller has made offers; they have no stock. */
export function list({ offers }: MiraklOffers, skus: readonly string[]): void {
  for (const sku of skus) offers.set(sku, { quantity: 0, price: 1 });
}

/** Takes a file. @returns its id; null when its columns are not those of its kind */
export function takeFile(offers: MiraklOffers, kind: StoredImport['kind'], text: string): string | null {
  let rows: string[][];
  try {
    rows = readCsv(text);
  } catch {
    return null;
  }
  const head = rows[0] ?? [];
  if (head[0] !== 'offer-sku' || head.some((column) => !(COLUMNS[kind] as readonly string[]).includes(column)))
    return null;
  const id = String(2_000 + offers.imports.size);
  offers.imports.set(id, { id, kind, rows, status: 'WAITING', errors: new Map() });
  if (offers.works) workOn(offers, id);
  return id;
}

/** Works on an import: every row by itself. */
export function workOn({ offers, imports, applied }: MiraklOffers, id: string): void {
  const found = imports.get(id);
  if (!found || found.status === 'COMPLETE') return;
  const [head = [], ...rows] = found.rows;
  const at = (row: readonly string[], column: string) => row[head.indexOf(column)] ?? '';
  rows.forEach((row, index) => {
    const sku = at(row, 'offer-sku');
    const offer = offers.get(sku);
    const value = at(row, found.kind === 'stock' ? 'quantity' : 'price');
    const isRight = found.kind === 'stock' ? /^\d{1,9}$/.test(value) : /^\d{1,9}\.\d{2}$/.test(value);
    if (!offer) found.errors.set(index, 'The offer does not exist.');
    else if (!isRight) found.errors.set(index, `${found.kind === 'stock' ? 'quantity' : 'price'} is not valid`);
    else if (found.kind === 'stock') {
      offer.quantity = Number(value);
      applied.push({ sku, quantity: offer.quantity });
    } else offer.price = Number(value);
  });
  found.status = 'COMPLETE';
}

/** The report of an import's rows that were not applied: their numbers, why, and the rows as they were sent. */
export function reportOf({ rows: [head = [], ...rows], errors }: StoredImport): string {
  const wrong = [...errors].map(([index, reason]) => [String(index + 2), reason, ...(rows[index] ?? [])]);
  return writeCsv([['error-line', 'error-message', ...head], ...wrong]);
}
