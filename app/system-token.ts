import { createHmac } from 'node:crypto';
import type { Config, SystemName } from '../platform/config.ts';

/** The bearer token for a system of record: the configured one, or one that both sides derive from the shared secret. */
export function systemToken(config: Config, secret: string, name: SystemName): string {
  return config.systemTokens[name] ?? createHmac('sha256', secret).update(`system-token:${name}`).digest('base64url');
}
