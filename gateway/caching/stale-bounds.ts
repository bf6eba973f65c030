import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { readYaml } from '../../platform/read-yaml.ts';

/** How long each channel may be shown what a failing subgraph said before. */
export interface StaleBounds {
  /** In milliseconds. @param channel code; null for a caller without a channel */
  of(channel: string | null): number;
}

const seconds = z.number().int().min(0).max(86_400);
const fileSchema = z.strictObject({
  staleIfErrorSeconds: z.strictObject({ default: seconds, channels: z.record(z.string(), seconds).default({}) }),
});

/**
 * @param file default: config/caching.yaml
 * @throws CommerceError CONFIGURATION_INVALID, which says what is wrong where
 */
export function readStaleBounds(file: string = projectFile('config', 'caching.yaml')): StaleBounds {
  const parsed = fileSchema.safeParse(readYaml(file));
  if (!parsed.success) {
    throw invalid(file, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  }
  const { default: general, channels } = parsed.data.staleIfErrorSeconds;
  return { of: (channel) => 1_000 * ((channel === null ? undefined : channels[channel]) ?? general) };
}

function invalid(file: string, reason: string): CommerceError {
  return new CommerceError('CONFIGURATION_INVALID', `The caching rules in ${file} are not valid: ${reason}.`);
}
