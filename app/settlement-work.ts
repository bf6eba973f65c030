import type { SystemName } from '../platform/config.ts';
import type { Databases } from './databases.ts';
import type { ProcessBase } from './process.ts';
import type { SettlementThreadData } from './settlement-thread.ts';
import { keepThread } from './threads.ts';

/** Posting, matching, vouchers for the ERP and taking in reports, in a thread of their own. Runs until it is stopped. */
export function startSettlementWork(
  base: ProcessBase,
  { url, kind }: Pick<Databases, 'url' | 'kind'>,
  systemUrls: Readonly<Record<SystemName, string | null>>,
): { stop(): Promise<void> } {
  const { config, secret } = base;
  const data = { config, secret, systemUrls, databaseUrl: url, isDatabaseHere: kind === 'embedded' };
  return keepThread<SettlementThreadData>(base, 'settlement-thread', data);
}
