/** A database that the adapter can speak to. */
export type Dialect = 'postgresql' | 'mysql' | 'mariadb' | 'sqlserver' | 'oracle' | 'sqlite';

/** Where the value of a field comes from: a column, a column whose codes are translated, or the file itself. */
export type FieldSource =
  | { readonly column: string; readonly codes: Readonly<Record<string, string>> | null }
  | { readonly value: string };

/** By what a relation tells that a row changed. */
export interface ChangeColumn {
  readonly column: string;
  /** How far behind the newest value the next look begins, because a transaction may end late: milliseconds, or numbers. */
  readonly overlap: { readonly millis: number } | { readonly numbers: number };
}

/** A view or table that holds one kind of record. */
export interface Relation {
  /** As the database names it: `v_article`, or `legacy.v_article`. */
  readonly from: string;
  /** Columns that together are unique. */
  readonly key: readonly string[];
  /** Sources by the names of fields, see {@link FIELDS}. */
  readonly fields: Readonly<Record<string, FieldSource>>;
  /** What tells the variants of a product apart: names of options, and their columns. */
  readonly options: Readonly<Record<string, string>>;
  /** Rows that count: of each column one of these texts. Empty: all. */
  readonly only: Readonly<Record<string, readonly string[]>>;
  readonly change: ChangeColumn | null;
}

export type RelationName = 'categories' | 'products' | 'variants' | 'bundles' | 'prices';

/** What a field is: any text, a moment or day, a decimal number, or yes and no. */
export type FieldType = 'text' | 'moment' | 'decimal' | 'flag';

/** Fields of a relation, with what they are. Those that a record cannot do without have an exclamation mark. */
export const FIELDS: Readonly<Record<RelationName, Readonly<Record<string, FieldType | `${FieldType}!`>>>> = {
  categories: { name: 'text!', parent: 'text' },
  products: { title: 'text!', description: 'text', brand: 'text', category: 'text', recorded: 'moment' },
  // Without `product` each variant is a product of its own, and has a product's fields too.
  variants: { sku: 'text!', title: 'text!', product: 'text', gtin: 'text', description: 'text', brand: 'text', category: 'text', recorded: 'moment' },
  bundles: { variant: 'text!', component: 'text!', quantity: 'decimal!', unit: 'text' },
  prices: { variant: 'text!', list: 'text!', amount: 'decimal!', currency: 'text!', per: 'decimal', unit: 'text', from: 'decimal', begins: 'moment', ends: 'moment', former: 'flag', tax: 'decimal', taxIncluded: 'flag' },
}; // biome-ignore format: a table

/** Where orders are written, and where the system says what it made of them. */
export interface OrderTarget {
  readonly register: Intake;
  readonly found: {
    readonly from: string;
    readonly reference: string;
    /** Column of the system's own number of the order; null until it has one. */
    readonly number: string;
    /** Column of the moment at which it took the order; null until then. */
    readonly taken: string;
  };
  readonly shipment: Intake | null;
  readonly cancellation: Intake | null;
}

/**
 * How something is handed over: rows of a table, or a procedure. `values` are columns or, in their order, parameters: names of
 * what is handed over, such as `reference`.
 */
export type Intake =
  | {
      readonly table: string;
      readonly columns: Readonly<Record<string, string>>;
      readonly lines: { readonly table: string; readonly columns: Readonly<Record<string, string>> };
    }
  | { readonly procedure: string; readonly parameters: readonly string[] };

/** What is handed over with an order and with notices, and with each of their lines: names that an {@link Intake} may use. */
export const HANDED = {
  register: { head: ['reference', 'number', 'channel', 'channelReference', 'currency', 'country', 'postalCode'], line: ['line', 'sku', 'quantity', 'price'] },
  shipment: { head: ['notice', 'reference', 'packages'], line: ['line', 'quantity'] },
  cancellation: { head: ['notice', 'reference', 'reason'], line: ['line', 'quantity'] },
} as const; // biome-ignore format: a table

/** What a mapping file says: which views and tables of a database hold our facts, and in what form. */
export interface SqlMapping {
  readonly dialect: Dialect;
  /** IANA name: of moments that are written without an offset. */
  readonly timeZone: string;
  /** How many pieces one of a unit is. */
  readonly units: Readonly<Record<string, number>>;
  /** Digits after an implied decimal point, by currency (`default` for the others). Null: amounts have their own point. */
  readonly impliedDigits: Readonly<Record<string, number>> | null;
  /** Pauses between two looks: at what changed, and at everything (which finds what was deleted), in milliseconds. */
  readonly lookEveryMillis: number;
  readonly readAllEveryMillis: number;
  /** Statements at once at most. */
  readonly concurrency: number;
  readonly relations: Readonly<Partial<Record<RelationName, Relation>>>;
  readonly orders: OrderTarget | null;
}

export const isRequired = (type: string): boolean => type.endsWith('!');
