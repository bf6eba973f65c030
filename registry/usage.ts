import { z } from 'zod';
import { contractName, parseFile, type RegistryFiles, sha256Hex, versionName } from './files.ts';

export const USAGE_FILE = 'schema/usage.json';

const instant = z.iso.datetime();
const user = {
  contract: contractName,
  version: versionName,
  /** The client id of the API key or token. */
  client: z.string(),
  /** As the client says; empty when it does not. */
  clientVersion: z.string(),
  /** Requests that used it while usage was recorded; scaled up when it was sampled. */
  count: z.int().nonnegative(),
  lastSeen: instant,
};

const usageSchema = z.strictObject({
  /** Usage was recorded from here */
  recordedFrom: instant,
  /** to here. */
  recordedUntil: instant,
  fields: z.array(z.strictObject({ /** Such as `Order.number`. */ coordinate: z.string(), ...user })),
  operations: z.array(
    z.strictObject({
      /** Of the document's text. */ sha256: sha256Hex,
      /** Empty: it has none. */ operation: z.string(),
      ...user,
    }),
  ),
});

/** What clients have used, as `commerce schema usage export` writes it. Holds no personal data. */
export type UsageSnapshot = z.infer<typeof usageSchema>;

/** @returns null when none was exported yet. @throws RegistryError when the file is no usage */
export function readUsage(files: RegistryFiles): UsageSnapshot | null {
  const text = files.read(USAGE_FILE);
  return text === null ? null : parseFile(usageSchema, USAGE_FILE, text);
}

/** @returns whole days since usage was last recorded */
export function usageAgeDays({ recordedUntil }: UsageSnapshot, now: Date): number {
  return Math.max(0, Math.floor((now.getTime() - Date.parse(recordedUntil)) / 86_400_000));
}
