import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

const CONNECTORS = ['reference'] as const;

/** How a channel can be reached; each has an adapter of ChannelSystem. */
export type Connector = (typeof CONNECTORS)[number];

/** The channels that are told what becomes of their orders, by code, and how. */
export type ChannelConnections = ReadonlyMap<string, Connector>;

const schema = z.strictObject({
  channels: z.record(
    z.string().regex(/^[A-Z0-9_-]{1,32}$/, 'expected the code of a channel'),
    z.strictObject({ connector: z.enum(CONNECTORS) }),
  ),
});

/**
 * Reads which channels are told of their orders.
 * @param file absolute path; `config/channels.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadChannelConnections(file: string = projectFile('config', 'channels.yaml')): ChannelConnections {
  const parsed = schema.safeParse(readYaml(file));
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
  }
  return new Map(Object.entries(parsed.data.channels).map(([code, { connector }]) => [code, connector]));
}
