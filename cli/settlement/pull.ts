import { alarmOn, openDesk } from '../../app/operations.ts';
import { showFetched, showReach } from '../../app/settlement-pull.ts';
import { NO_THROTTLE } from '../../subgraphs/settlement/index.ts';
import { openAmazonPull } from '../../subgraphs/settlement/main.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment } from '../failure.ts';
import { withStore } from '../store.ts';

/** `commerce settlement pull` */
export function pull({ terminal }: Invocation): Promise<ExitCode> {
  return withStore(async ({ knex, config }) => {
    const connection = config.settlement.amazon;
    if (connection === null) throw environment('No selling account is connected. Set AMAZON_URL; docs/settlement-reports.md says how.'); // biome-ignore format: one thought
    const alarm = alarmOn(openDesk(knex), 'settlement');
    const open = openAmazonPull({
      knex,
      connection,
      throttle: NO_THROTTLE,
      async onFetched(statement, outcome) {
        await showFetched(alarm, connection.channelCode, statement, outcome);
        const more = outcome.kind === 'REFUSED' ? `${outcome.code}: ${outcome.message}` : outcome.settlementId;
        terminal.out(`${statement.id}: ${outcome.kind.toLowerCase()}, ${more}`);
      },
    });
    try {
      const reach = (failure: unknown) => showReach(alarm, connection.channelCode, failure, 'It was asked for by `settlement pull`; the worker tries it again, too.'); // biome-ignore format: one thought
      const outcome = await open.look(new AbortController().signal, true).catch(async (failure: unknown) => {
        // What went wrong is told by the command whether the desk takes it or not.
        await reach(failure).catch(() => undefined);
        throw failure;
      });
      if (outcome === null) throw environment('Another process fetches at this moment. Try again shortly.');
      await reach(null);
      const { ingested, duplicate, refused, payouts } = outcome;
      terminal.out(`${ingested} statements taken in, ${duplicate} known, ${refused} refused; ${payouts.added} payouts new, ${payouts.moved} moved`); // biome-ignore format: one thought
      return refused === 0 ? EXIT.OK : EXIT.REFUSED;
    } finally {
      await open.close();
    }
  }, 6);
}
