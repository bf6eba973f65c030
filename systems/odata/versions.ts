import { z } from 'zod';

export interface Page {
  readonly rows: unknown[];
  /** Link to the next page, as the service wrote it. */
  readonly next: string | null;
  readonly count: number | null;
}

/** How the versions of OData differ, as far as reading goes. */
export interface Version {
  readonly page: z.ZodType<Page>;
  /** Option, without the dollar, by which a page tells how many entities there are. */
  readonly counting: Readonly<Record<string, string>>;
  /** An error answer in the form `{ error: { code } }`. */
  readonly errorIn: (answer: unknown) => unknown;
}

const v4 = z
  .object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().optional(), '@odata.count': z.int().optional() })
  .transform((got): Page => ({ rows: got.value, next: got['@odata.nextLink'] ?? null, count: got['@odata.count'] ?? null })); // biome-ignore format: one thought

const v2 = z
  .object({
    d: z.object({
      results: z.array(z.unknown()),
      __next: z.string().optional(),
      __count: z.string().regex(/^\d{1,15}$/).optional(),
    }),
  })
  .transform(({ d }): Page => ({ rows: d.results, next: d.__next ?? null, count: d.__count === undefined ? null : Number(d.__count) })); // biome-ignore format: one thought

const coded = z.object({ error: z.object({ code: z.string() }) });

export const VERSIONS = {
  2: {
    page: v2,
    counting: { inlinecount: 'allpages' },
    // Codes are such as `/IWBEP/CM_MGW_RT/020` or `V1/382`.
    errorIn(answer) {
      const read = coded.safeParse(answer);
      return read.success ? { error: { code: read.data.error.code.toUpperCase().replace(/[^A-Z0-9]+/g, '_').replace(/^_/, '') } } : {}; // biome-ignore format: one thought
    },
  },
  4: { page: v4, counting: { count: 'true' }, errorIn: (answer) => answer },
} as const satisfies Record<number, Version>;
