import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { LINES_PER_BLOCK } from './due.ts';
import { evaluateBlock } from './evaluate-block.ts';
import { evaluateOrder } from './evaluate-order.ts';
import { loadBlockFacts, loadOrderFacts } from './facts.ts';
import type { SettlementSettings } from './settings.ts';
import { storeVerdicts } from './store.ts';

/** One judges at a time over all processes, so that no two judge the same order. */
const LOCK = 5_116_001;

/** Waits until nobody else judges. Held until the transaction ends. */
export async function lockJudging(trx: Knex.Transaction): Promise<void> {
  await query(trx, 'select pg_advisory_xact_lock(?)', [LOCK]);
}

/** Judges orders and blocks within a transaction whose owner holds the lock. */
export function createJudge(deps: {
  readonly rules: PostingRules;
  readonly settings: SettlementSettings;
  readonly now: () => Date;
}) {
  const { rules, settings, now } = deps;
  return {
    /** @returns false when somebody else judges at this moment */
    async tryLock(trx: Knex.Transaction): Promise<boolean> {
      const [lock] = await query<{ taken: boolean }>(trx, 'select pg_try_advisory_xact_lock(?) as taken', [LOCK]);
      return lock?.taken ?? false;
    },

    async orders(trx: Knex.Transaction, channelCode: string, keys: readonly string[]): Promise<void> {
      const facts = await loadOrderFacts(trx, channelCode, keys, settings.channel(channelCode));
      const verdicts = facts.groups.map((group) => evaluateOrder(group, settings, now()));
      await storeVerdicts(trx, rules, channelCode, facts.rawKeys, verdicts);
    },

    async block(trx: Knex.Transaction, channelCode: string, statementId: string, block: number): Promise<void> {
      const facts = await loadBlockFacts(trx, channelCode, statementId, block, LINES_PER_BLOCK);
      await storeVerdicts(trx, rules, channelCode, [facts.key], [evaluateBlock(facts, settings)]);
    },
  };
}
