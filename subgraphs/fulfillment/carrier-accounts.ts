import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { readYaml } from '../../platform/read-yaml.ts';

const variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'expected the name of an environment variable, such as EASYPOST_API_KEY');

const shared = {
  address: variable,
  apiKey: variable,
  carriers: z
    .record(z.string().trim().min(1).max(200), z.string().trim().min(1).max(200))
    .refine((carriers) => Object.keys(carriers).length > 0, 'expected at least one carrier'),
  askHours: z.int().min(1).max(168).default(6),
};
const account = z.discriminatedUnion('connector', [
  z.strictObject({ connector: z.literal('easypost'), webhookSecret: variable, ...shared }),
  z.strictObject({ connector: z.literal('shipengine'), ...shared }),
]);

/** A service that tracks parcels of several carriers for us. Credentials are names of environment variables. */
export type CarrierAccount = z.output<typeof account>;

/** Codes of the reference systems in the graph. */
const TAKEN: readonly string[] = ['erp', 'oms', 'wms', 'carrier', 'channel'];
const code = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a name in small letters')
  .refine((name) => !TAKEN.includes(name), 'a reference system has this name');
const schema = z.strictObject({ accounts: z.record(code, account) });

/**
 * Reads who tracks which carriers' parcels.
 * @param file absolute path; `config/carriers.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadCarrierAccounts(
  file: string = projectFile('config', 'carriers.yaml'),
): ReadonlyMap<string, CarrierAccount> {
  const parsed = schema.safeParse(readYaml(file));
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`); // biome-ignore format: one thought
  const accounts = Object.entries(parsed.data?.accounts ?? {});
  const trackedBy = new Map<string, string>();
  for (const [name, { carriers }] of accounts) {
    for (const carrier of Object.keys(carriers)) {
      const other = trackedBy.get(carrier.toUpperCase());
      if (other !== undefined) problems.push(`accounts.${name}.carriers.${carrier}: ${other} tracks it already`);
      trackedBy.set(carrier.toUpperCase(), name);
    }
  }
  if (problems.length > 0) throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${problems.join('; ')}`);
  return new Map(accounts);
}
