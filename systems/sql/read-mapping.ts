import { z } from 'zod';
import { closest } from '../../platform/closest.ts';
import { CommerceError } from '../../platform/errors.ts';
import { isCurrencyCode } from '../../platform/money.ts';
import { parseYamlLines, readText } from '../../platform/read-yaml.ts';
import {
  FIELDS,
  type FieldSource,
  HANDED,
  isRequired,
  type Relation,
  type RelationName,
  type SqlMapping,
} from './mapping.ts';

/** A mapping as it was read, with the lines of its places. */
export interface MappingFile {
  readonly path: string;
  readonly mapping: SqlMapping;
  lineOf(path: readonly PropertyKey[]): number;
}

const MILLIS_OF: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const text = z.string('expected a text; write numbers in quotes').min(1, 'expected a text').max(200);
const word = z
  .string('expected a name')
  .regex(/^[^\s;'"`\\[\]]{1,200}$/, 'expected a name of the database, without quotes');
const millis = z.string('expected a time such as 30s, 10m or 2h').regex(/^[1-9]\d{0,5}[smhd]$/, 'expected a time such as 30s, 10m or 2h').transform((time) => Number(time.slice(0, -1)) * (MILLIS_OF[time.slice(-1)] ?? 1)); // biome-ignore format: one thought
const names = z.union([word.transform((one) => [one]), z.array(word).min(1).max(10)], 'expected a column, or a list of columns'); // biome-ignore format: one thought

const field = z.union(
  [
    word.transform((column) => ({ column })),
    z.strictObject({ column: word, codes: text.optional() }),
    z.strictObject({ value: text }),
  ],
  'expected a column, { column, codes } or { value }',
);

const relation = (name: RelationName) =>
  z.strictObject({
    from: word,
    key: names,
    columns: z.strictObject(
      Object.fromEntries(Object.entries(FIELDS[name]).map(([one, type]) => [one, isRequired(type) ? field : field.optional()])), // biome-ignore format: one thought
    ),
    options: name === 'variants' ? z.record(text, word).default({}) : z.undefined('only variants have options').optional(), // biome-ignore format: one thought
    only: z.record(word, z.array(text).min(1)).default({}),
    change: z
      .strictObject({
        column: word,
        overlap: z.union([millis.transform((value) => ({ millis: value })), z.int().min(1).max(1e9).transform((numbers) => ({ numbers }))], 'expected a time such as 10m, or a number such as 1000'), // biome-ignore format: one thought
      })
      .optional(),
  });

const intake = (head: readonly string[], line: readonly string[]) =>
  z.union(
    [
      z.strictObject({
        table: word,
        columns: handed(head),
        lines: z.strictObject({ table: word, columns: handed([...head, ...line]) }),
      }),
      z.strictObject({
        procedure: word,
        parameters: z
          .array(z.enum([...head, 'lines'], `expected some of ${[...head, 'lines'].join(', ')}`))
          .min(1)
          .max(50),
      }),
    ],
    'expected { table, columns, lines } or { procedure, parameters }',
  );

const handed = (names: readonly string[]) =>
  z.partialRecord(z.enum(names as [string, ...string[]], `expected some of ${names.join(', ')}`), word);

const file = z.strictObject({
  dialect: z.enum(['postgresql', 'mysql', 'mariadb', 'sqlserver', 'oracle', 'sqlite'], 'expected postgresql, mysql, mariadb, sqlserver, oracle or sqlite'), // biome-ignore format: one thought
  timeZone: z.string().refine(isTimeZone, 'expected a name such as Europe/London').default('UTC'),
  units: z.record(text, z.int('expected a whole number of pieces').min(1, 'expected a whole number of pieces').max(1e6)).default({}), // biome-ignore format: one thought
  codes: z.record(text, z.record(z.string(), text)).default({}),
  impliedDigits: z
    .union([
      z.int().min(0).max(6).transform((digits) => ({ default: digits })),
      z.record(z.string().refine((code) => code === 'default' || isCurrencyCode(code), 'expected a currency code, or default'), z.int().min(0).max(6)), // biome-ignore format: one thought
    ], 'expected a number of digits, or numbers by currency') // biome-ignore format: one thought
    .optional(),
  lookEvery: millis.default(5_000),
  readAllEvery: millis.default(600_000),
  concurrency: z.int().min(1).max(32).default(4),
  categories: relation('categories').optional(),
  products: relation('products').optional(),
  variants: relation('variants').optional(),
  bundles: relation('bundles').optional(),
  prices: relation('prices').optional(),
  orders: z
    .strictObject({
      register: intake(HANDED.register.head, HANDED.register.line),
      found: z.strictObject({ from: word, reference: word, number: word, taken: word }),
      shipment: intake(HANDED.shipment.head, HANDED.shipment.line).optional(),
      cancellation: intake(HANDED.cancellation.head, HANDED.cancellation.line).optional(),
    })
    .optional(),
});

/**
 * Reads which views and tables of a database hold our facts.
 * @param path absolute
 * @throws CommerceError CONFIGURATION_INVALID, naming every place that is wrong with its line
 */
export function readMapping(path: string): MappingFile {
  const { value, lineOf } = parseYamlLines(path, readText(path));
  const parsed = file.safeParse(value);
  if (!parsed.success) {
    const issues = parsed.error.issues.flatMap((issue) => placesOf(issue));
    throw invalid(path, issues.map((one) => ({ line: lineOf(one.path), ...one }))); // biome-ignore format: one thought
  }
  const { data } = parsed;
  const wrong: { path: PropertyKey[]; message: string }[] = [];
  const relations: Partial<Record<RelationName, Relation>> = {};
  for (const name of Object.keys(FIELDS) as RelationName[]) {
    const one = data[name];
    if (!one) continue;
    const fields: Record<string, FieldSource> = {};
    for (const [fieldName, source] of Object.entries(one.columns) as [string, z.output<typeof field> | undefined][]) {
      if (source === undefined) continue;
      if ('value' in source) fields[fieldName] = source;
      else {
        const list = 'codes' in source ? source.codes : undefined;
        const codes = list === undefined ? null : (data.codes[list] ?? null);
        if (list !== undefined && codes === null) {
          const guess = closest(list, Object.keys(data.codes));
          wrong.push({ path: [name, 'columns', fieldName], message: `there are no codes "${list}"${guess ? `; did you mean ${guess}?` : ''}` }); // biome-ignore format: one thought
        }
        fields[fieldName] = { column: source.column, codes };
      }
    }
    relations[name] = { from: one.from, key: one.key, fields, options: one.options ?? {}, only: one.only, change: one.change ?? null }; // biome-ignore format: one thought
  }
  if ((relations.prices || relations.bundles || relations.products) && !relations.variants)
    wrong.push({ path: ['prices'], message: 'there are no variants that this could be about' });
  if (relations.products && relations.variants && !relations.variants.fields.product)
    wrong.push({ path: ['variants', 'columns'], message: 'products are mapped: say by which column a variant names its product (product)' }); // biome-ignore format: one thought
  if (relations.variants?.fields.product && !relations.products)
    wrong.push({ path: ['variants', 'columns', 'product'], message: 'variants name their products: map products too' });
  if (wrong.length > 0) throw invalid(path, wrong.map((one) => ({ line: lineOf(one.path), ...one }))); // biome-ignore format: one thought
  const { dialect, timeZone, units, impliedDigits = null, concurrency } = data;
  return {
    path,
    lineOf,
    mapping: {
      dialect,
      timeZone,
      units,
      impliedDigits,
      concurrency,
      lookEveryMillis: data.lookEvery,
      readAllEveryMillis: data.readAllEvery,
      relations,
      orders: data.orders ? ({ shipment: null, cancellation: null, ...data.orders } as SqlMapping['orders']) : null,
    },
  };
}

/** A place of the file that is wrong. */
export interface WrongPlace {
  readonly line: number;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** `line 14, prices.columns.amount: …`, in the order of the lines. */
export function tellPlaces(places: readonly WrongPlace[]): string[] {
  return [...places]
    .sort((a, b) => a.line - b.line)
    .map(({ line, path, message }) => `line ${line}, ${path.join('.') || 'file'}: ${message}`);
}

function invalid(path: string, places: readonly WrongPlace[]): CommerceError {
  return new CommerceError('CONFIGURATION_INVALID', `${path}: ${tellPlaces(places).join('; ')}`);
}

/** Of keys that are not known, each is a place of its own. */
function placesOf(issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: [...issue.path], message: issue.message }];
  const allowed = issue.path[0] !== undefined && issue.path[1] === 'columns' ? Object.keys(FIELDS[issue.path[0] as RelationName] ?? {}) : []; // biome-ignore format: one thought
  return issue.keys.map((key) => {
    const guess = closest(key, allowed);
    const known = allowed.length > 0 ? `; known are ${allowed.join(', ')}` : '';
    return { path: [...issue.path, key], message: `"${key}" is not known here${guess ? `; did you mean ${guess}?` : known}` };
  }); // biome-ignore format: one thought
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
