import { z } from 'zod';

/** What the table in docs/configuration.md and a refusal say about a variable. */
export interface About {
  /** What it does, and what happens without it. */
  meaning: string;
  /** What would be right, after "expected". */
  expected: string;
  /** The value without the variable. Absent: there is none. */
  fallback?: string;
  /** Its value is a credential or holds one: never printed. */
  secret?: boolean;
}

/** What is said about each variable, by its schema. */
export const about = z.registry<About>();

/** Variables of a kind share the check; `note` says what the reader needs to know. */
export function variable<T>(schema: z.ZodType<T, string>, note: About): z.ZodType<T, string | undefined> {
  return schema.prefault(note.fallback ?? '').register(about, note) as z.ZodType<T, string | undefined>;
}

export function optional<T>(
  schema: z.ZodType<T, string>,
  note: Omit<About, 'fallback'>,
): z.ZodType<T | null, string | undefined> {
  const absent = z.undefined().transform(() => null);
  return z.union([absent, schema]).register(about, note) as z.ZodType<T | null, string | undefined>;
}

export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max);

export const url = (protocols: readonly string[], fits: (address: URL) => boolean = () => true) =>
  z.string().refine((value) => {
    const address = URL.canParse(value) ? new URL(value) : null;
    return address !== null && protocols.includes(address.protocol) && fits(address);
  });

/** Keys that came over the open network in clear could be anybody's. */
export const isSafe = (value: string) => {
  const address = URL.canParse(value) ? new URL(value) : null;
  const isHere = address !== null && ['localhost', '127.0.0.1', '[::1]'].includes(address.hostname);
  return address?.protocol === 'https:' || (address?.protocol === 'http:' && isHere);
};

const httpUrl = url(['http:', 'https:']);
const databaseUrl = url(['postgresql:', 'postgres:'], (address) => address.pathname.length > 1);

export const millis = (fallback: string, meaning: string) =>
  variable(integer(1, 600_000), { expected: 'milliseconds, 1 to 600000', fallback, meaning });
export const port = (meaning: string) =>
  optional(integer(0, 65_535), { expected: 'an integer from 0 to 65535', meaning });
export const databaseAt = (meaning: string) =>
  optional(databaseUrl, { expected: 'postgresql://user:password@host:5432/database', secret: true, meaning });
export const systemAt = (system: string) =>
  optional(httpUrl, {
    expected: 'a URL with http or https',
    meaning: `Where the ${system} is. Without it \`npm start\` brings up the reference ${system}.`,
  });
export const systemToken = (system: string) =>
  optional(z.string().min(8), {
    expected: 'a bearer token of at least 8 characters',
    secret: true,
    meaning: `Credential for the ${system}. Without it: one derived from the subgraph secret, which the reference ${system} accepts.`,
  });
export const subgraphAt = (name: string) =>
  optional(httpUrl, {
    expected: 'a URL with http or https',
    meaning: `Where the gateway reaches the ${name} subgraph. Without it: \`supergraph.yaml\`.`,
  });
