import type { Knex } from 'knex';
import { channelCodes } from '../gateway/access/channels.ts';
import type { KnownCodes } from '../orchestrator/sourcing/known-codes.ts';
import { siteCodes } from '../subgraphs/inventory/index.ts';

/** Codes that configuration may name: of sites that the warehouse told of, and of channels that were added here. */
export async function readKnownCodes(knex: Knex): Promise<KnownCodes> {
  const [nodes, channels] = await Promise.all([siteCodes(knex), channelCodes(knex)]);
  return { nodes, channels };
}
