import { recordAction } from '../../platform/audit/audit.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { formatAmount } from '../../platform/money.ts';
import {
  type GroupFilter,
  type GroupOutcome,
  loadPostingRules,
  loadSettlementSettings,
  readGroups,
  resolveGroup,
} from '../../subgraphs/settlement/index.ts';
import { commandCaller } from '../actor.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { type Store, withStore } from '../store.ts';

/** `commerce settlement resolve` */
export function resolve(invocation: Invocation): Promise<ExitCode> {
  const { value, terminal } = invocation;
  if (value('resolution') === undefined)
    return withStore(async ({ knex }) => {
      for (const { channelCode, reason, words, count, total } of await readGroups(knex, value('channel') ?? null, value('statement') ?? null).catch(asUsage)) // biome-ignore format: one thought
        terminal.out(`${String(count).padStart(7)}  ${channelCode} ${reason} ${formatAmount(total)} ${total.currencyCode}  ${words ?? ''}`.trimEnd()); // biome-ignore format: one thought
      return EXIT.OK;
    });
  return withStore(({ knex }) => decide(knex, invocation));
}

function asUsage(error: unknown): never {
  throw isCommerceError(error) && error.code === 'BAD_USER_INPUT' ? usage(error.message) : error;
}

async function decide(knex: Store['knex'], { value, terminal }: Invocation): Promise<ExitCode> {
  const [channelCode, reason, currencyCode, note] = [
    value('channel'),
    value('reason'),
    value('currency'),
    value('note'),
  ];
  if (!channelCode || !reason || !currencyCode || !note) throw usage('Say --channel, --reason, --currency and --note: which differences, and why.'); // biome-ignore format: one thought
  const filter: GroupFilter = { channelCode, reason, currencyCode, words: value('words') ?? null, settlementId: value('statement') ?? null }; // biome-ignore format: one thought
  const resolution = value('resolution') as 'ACCEPT_ACTUAL' | 'WRITE_OFF' | 'RAISE_DISPUTE';
  const deps = { rules: loadPostingRules(), settings: loadSettlementSettings() };
  const caller = commandCaller();
  const step = () =>
    inTransaction(knex, async (trx) => {
      const done = await resolveGroup(trx, deps, filter, { resolution, note }, caller.clientId);
      if (done.decided + done.proposed > 0)
        await recordAction(trx, caller, { action: 'reconciliationExceptionsResolve', subject: `${channelCode} ${reason} ${filter.words ?? ''}`.trim(), reason: `${resolution}, ${done.decided} decided, ${done.proposed} proposed: ${note}` }); // biome-ignore format: one thought
      return done;
    }).catch(asUsage);
  const sum = { decided: 0, proposed: 0 };
  for (let done: GroupOutcome = await step(); ; done = await step()) {
    sum.decided += done.decided;
    sum.proposed += done.proposed;
    terminal.note(`${sum.decided} decided, ${sum.proposed} proposed, ${done.remaining} to go`);
    if (done.remaining === 0) break;
  }
  terminal.out(`${sum.decided} decided, ${sum.proposed} proposed`);
  if (sum.decided + sum.proposed === 0) {
    terminal.out('There is none like that that you can decide about. Without --resolution this command lists what there is.'); // biome-ignore format: one thought
    return EXIT.REFUSED;
  }
  if (sum.proposed > 0) terminal.out('The proposed ones are decided when somebody else decides the same.');
  return sum.proposed === 0 ? EXIT.OK : EXIT.REFUSED;
}
