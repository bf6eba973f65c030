import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

const variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'expected the name of an environment variable, such as WALMART_URL');

const times = z.strictObject({
  everySeconds: z.int().min(5).max(86_400).default(60),
  overlapMinutes: z.int().min(1).max(10_080).default(30),
  sweepHours: z.int().min(1).max(168).default(6),
  sweepDays: z.int().min(1).max(180).default(7),
});

/** Of Amazon, whose published rate is a page of orders in three minutes once the first twenty are used up. */
const slowTimes = times.extend({ everySeconds: z.int().min(180).max(86_400).default(180) });

/** Of Mirakl, which publishes that orders are read once a minute at most. */
const minuteTimes = times.extend({ everySeconds: z.int().min(60).max(86_400).default(60) });

/** How a channel is told of what it lists; left out, it is not. */
const compareHours = z.int().min(1).max(168).default(6);
const stock = z.strictObject({ compareHours });
const nodeStock = z.strictObject({
  compareHours,
  nodes: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), z.string().min(1).max(64)).optional(),
});

const decimal = z.string().regex(/^\d{1,12}(\.\d{1,3})?$/, 'expected an amount in quotes, such as "0.50"');
const prices = z.strictObject({
  compareHours,
  least: decimal.default('0.01'),
  most: decimal.default('1000000'),
  largestChangePercent: z.int().min(1).max(100_000).default(60),
  requires: z.array(z.enum(['TITLE', 'GTIN'])).default(['TITLE']),
});

/** What Amazon is told is addressed by its name of the seller. */
function isAddressed({ sellerId, stock: units, prices: costs }: { sellerId?: unknown; stock?: unknown; prices?: unknown }): boolean {
  return sellerId !== undefined || (units === undefined && costs === undefined);
} // biome-ignore format: one thought

const connection = z.discriminatedUnion('connector', [
  z.strictObject({ connector: z.literal('reference'), stock: stock.optional(), prices: prices.optional() }),
  z.strictObject({
    connector: z.literal('walmart'),
    address: variable,
    clientId: variable,
    clientSecret: variable,
    fetch: times.prefault({}),
    stock: nodeStock.optional(),
    prices: prices.optional(),
  }),
  z.strictObject({
    connector: z.literal('mirakl'),
    address: variable,
    apiKey: variable,
    shopId: variable.optional(),
    fetch: minuteTimes.prefault({}),
    stock: stock.optional(),
    prices: prices.optional(),
  }),
  z
    .strictObject({
      connector: z.literal('amazon'),
      address: variable,
      login: variable,
      clientId: variable,
      clientSecret: variable,
      refreshToken: variable,
      marketplaceIds: z.array(z.string().regex(/^[A-Z0-9]{10,16}$/, 'expected ids such as A1F83G8C2ARO7P')).min(1),
      fetch: slowTimes.prefault({}),
      sellerId: variable.optional(),
      stock: stock.optional(),
      prices: prices.optional(),
    })
    .refine(isAddressed, {
      path: ['sellerId'],
      error:
        'expected the name of an environment variable, such as AMAZON_SELLER_ID: stock and prices are told to a seller',
    }),
]);

/** How a channel can be reached; each connector has an adapter of ChannelSystem, and of ChannelOrders where orders are fetched. */
export type ChannelConnection = z.output<typeof connection>;

/** The channels that keep books of their own, by code. */
export type ChannelConnections = ReadonlyMap<string, ChannelConnection>;

const schema = z.strictObject({
  channels: z.record(z.string().regex(/^[A-Z0-9_-]{1,32}$/, 'expected the code of a channel'), connection),
});

/**
 * Reads which channels are told of their orders, and from which orders are fetched.
 * @param file absolute path; `config/channels.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadChannelConnections(file: string = projectFile('config', 'channels.yaml')): ChannelConnections {
  const parsed = schema.safeParse(readYaml(file));
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
  }
  return new Map(Object.entries(parsed.data.channels));
}
