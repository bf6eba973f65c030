import { z } from 'zod';
import { RegistryError } from './errors.ts';
import { day, parseFile, type RegistryFiles, versionName } from './files.ts';

const FILE = 'schema/versions.yaml';

/** Months that a version is served after its publication, at least. */
export const MONTHS_SERVED = 12;

const fileSchema = z.strictObject({
  versions: z.record(
    versionName,
    z.strictObject({
      published: day,
      sunset: day.nullable(),
      migration: z.string().min(1),
    }),
  ),
});

/** A dated version of the contracts that was published. */
export interface PublishedVersion {
  /** Such as 2026-11. */
  readonly version: string;
  /** Day of its first publication, UTC. */
  readonly published: string;
  /** First day on which it is no longer served, UTC. Null: it is the newest, or its end is not set yet. */
  readonly sunset: string | null;
  /** What a client of this version has to do to move to the next. Markdown. */
  readonly migration: string;
}

/**
 * The versions that were published, oldest first.
 * @throws RegistryError when one is served for less than {@link MONTHS_SERVED} months, or the newest has an end
 */
export function readVersions(files: RegistryFiles): PublishedVersion[] {
  const text = files.read(FILE);
  if (text === null) return [];
  const versions = Object.entries(parseFile(fileSchema, FILE, text).versions)
    .map(([version, facts]) => ({ version, ...facts }))
    .sort((a, b) => (a.version < b.version ? -1 : 1));
  for (const { version, published, sunset } of versions) {
    const earliest = earliestSunset(published);
    if (sunset !== null && sunset < earliest)
      throw new RegistryError(
        `${FILE}: ${version} was published on ${published} and promised for ${MONTHS_SERVED} months: its sunset cannot be before ${earliest}, but is ${sunset}.`,
      );
  }
  const newest = versions.at(-1);
  if (newest?.sunset)
    throw new RegistryError(
      `${FILE}: ${newest.version} is the newest version, so it has no sunset. Publish its successor first.`,
    );
  return versions;
}

/** @param published a day; @returns the day before which a version of that day must not end */
export function earliestSunset(published: string): string {
  const end = new Date(`${published}T00:00:00Z`);
  end.setUTCMonth(end.getUTCMonth() + MONTHS_SERVED);
  return end.toISOString().slice(0, 10);
}

/** @param today a day, UTC */
export function isExpired({ sunset }: PublishedVersion, today: string): boolean {
  return sunset !== null && sunset <= today;
}

/** Where the API schema of a contract's version is kept. */
export function publishedSchemaFile(contract: string, version: string): string {
  return `schema/api/${contract}/${version}.graphql`;
}

/** @returns the API schema that a version of a contract was published with; null when the contract did not exist then */
export function readPublishedSchema(files: RegistryFiles, contract: string, version: string): string | null {
  return files.read(publishedSchemaFile(contract, version));
}
