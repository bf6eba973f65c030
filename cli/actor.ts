import { randomBytes } from 'node:crypto';
import { commandActor } from './settlement/actor.ts';

/** Who runs a command that acts on the platform, for the audit: as a client of the operations contract would be. */
export function commandCaller() {
  return { clientId: commandActor(), contract: 'cli', traceId: randomBytes(16).toString('hex') };
}
