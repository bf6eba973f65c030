import { z } from 'zod';
import { isCurrencyCode } from '../../platform/money.ts';
import type { AdapterName } from './model.ts';

const ADAPTERS = ['reference-erp', 'reference-oms', 'reference-wms', 'tryton', 'business-central', 'sap', 'vendure', 'sql'] as const satisfies readonly AdapterName[]; // biome-ignore format: one thought

// The value is not repeated in the message: somebody may have written a credential in its place.
const variable = z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/, 'expected the name of an environment variable, such as TRYTON_URL; never its value'); // biome-ignore format: one thought
export const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected a name in small letters, such as erp');
export const code = z.string('expected a text; write numbers in quotes').min(1).max(200);
const percent = z.number('expected per cent, such as 20').min(0, 'expected per cent, such as 20').max(100, 'expected per cent, such as 20'); // biome-ignore format: one thought
const sapCode = (length: number) => z.string('expected a text; write numbers in quotes').regex(new RegExp(`^[A-Z0-9]{1,${length}}$`), `expected a code of SAP of at most ${length} characters, in quotes`); // biome-ignore format: one thought

const reference = <Name extends string>(adapter: Name, system: string) =>
  z.strictObject({
    adapter: z.literal(adapter),
    // `npm start` brings a reference system up when these are not set, so they have these names.
    address: z.literal(`${system}_URL`, `expected ${system}_URL`).default(`${system}_URL`),
    token: z.literal(`${system}_TOKEN`, `expected ${system}_TOKEN`).default(`${system}_TOKEN`),
  });

/** A system of record as config/systems.yaml names it. */
export const systemEntry = z.discriminatedUnion(
  'adapter',
  [
    reference('reference-erp', 'ERP'),
    reference('reference-oms', 'OMS'),
    reference('reference-wms', 'WMS'),
    z.strictObject({
      adapter: z.literal('tryton'),
      address: variable,
      database: variable,
      user: variable,
      password: variable,
      currency: z.string().refine(isCurrencyCode, 'expected a currency code, such as GBP'),
      siteKinds: z.record(code, z.enum(['STORE', 'THIRD_PARTY_LOGISTICS'], 'expected STORE or THIRD_PARTY_LOGISTICS')).default({}), // biome-ignore format: one thought
    }),
    z.strictObject({
      adapter: z.literal('business-central'),
      address: variable,
      company: variable,
      tokenAddress: variable,
      user: variable,
      password: variable,
      currency: z.string().refine(isCurrencyCode, 'expected a currency code, such as GBP'),
      priceList: code,
      taxRate: percent,
    }),
    z.strictObject({
      adapter: z.literal('sap'),
      address: variable,
      user: variable,
      password: variable,
      language: z.string().regex(/^[A-Z]{2}$/, 'expected two capital letters, such as EN'),
      salesArea: z.strictObject({ organization: sapCode(4), channel: sapCode(2), division: sapCode(2) }),
      prices: z.strictObject({
        condition: sapCode(4).default('PPR0'),
        lists: z.record(code, z.strictObject({ type: sapCode(2).or(z.literal('')).default(''), taxIncluded: z.boolean('expected true or false') })),
      }),
      tax: z.strictObject({
        country: z.string().regex(/^[A-Z]{2}$/, 'expected two capital letters, such as GB'),
        category: sapCode(4),
        rates: z.record(sapCode(1), percent),
      }),
      orders: z
        .strictObject({
          type: sapCode(4).default('OR'),
          soldTo: z.record(code, sapCode(10)).refine((parties) => 'default' in parties, 'expected a default, and other customers by channel'),
          priceCondition: sapCode(4).default('PMP0'),
          rejection: sapCode(2),
        })
        .optional(),
      timeZone: z.string().refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC', 'expected a time zone, such as Europe/London').default('UTC'),
    }), // biome-ignore format: one thought
    z.strictObject({
      adapter: z.literal('vendure'),
      address: variable,
      user: variable,
      password: variable,
      customer: z.record(code, code).refine((all) => 'default' in all, 'expected a default, and other customers by channel'), // biome-ignore format: one thought
      shippingMethod: code,
      payment: code.default('commerce'),
    }),
    z.strictObject({
      adapter: z.literal('sql'),
      mapping: z.string('expected a file, such as config/sql/legacy-erp.yaml').regex(/^[\w-][\w./-]{0,200}$/, 'expected a file of the project, such as config/sql/legacy-erp.yaml'), // biome-ignore format: one thought
      address: variable,
      user: variable,
      password: variable,
    }),
  ],
  { error: `expected one of the adapters ${ADAPTERS.join(', ')}` },
);
