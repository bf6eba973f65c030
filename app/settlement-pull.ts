import type { Knex } from 'knex';
import type { Config } from '../platform/config.ts';
import { isCommerceError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { ChannelStatement, IngestOutcome, IngestRefusalCode, Throttle } from '../subgraphs/settlement/index.ts';
import { openAmazonPull, type SettlementAlarm } from '../subgraphs/settlement/main.ts';

/** Refusals whose message says what is wrong, but not what to do; those of the others say it themselves. */
const ASKS_FOR_A_RIGHT_ONE: ReadonlySet<IngestRefusalCode> = new Set(['UNREADABLE', 'CURRENCY_MISMATCH']);

/** Puts a fetched statement that was refused on the exception desk, and takes it off when it is taken in after all. */
export async function showFetched(
  alarm: SettlementAlarm,
  channelCode: string,
  { id, createdAt }: ChannelStatement,
  outcome: IngestOutcome,
): Promise<void> {
  const key = `settlement:pull:${channelCode}:${id}`;
  if (outcome.kind !== 'REFUSED') return alarm.resolve(key);
  const advice = ASKS_FOR_A_RIGHT_ONE.has(outcome.code) ? ' Ask the channel for a right one.' : '';
  await alarm.raise({
    key,
    operation: 'pull-statement',
    channelCode,
    message: `The statement ${id} that the channel made at ${createdAt.toISOString()} was refused (${outcome.code}): ${outcome.message}${advice} The command \`settlement pull\` fetches it again; after a reversal the worker does so by itself.`,
  });
}

/**
 * Puts an account whose statements could not be fetched on the exception desk, and takes it off when they could.
 *
 * @param failure what was thrown; null when all went well
 * @param again when it is tried again
 */
export async function showReach(
  alarm: SettlementAlarm,
  channelCode: string,
  failure: unknown,
  again: string,
): Promise<void> {
  const key = `settlement:pull:${channelCode}`;
  if (failure === null) return alarm.resolve(key);
  const code = isCommerceError(failure) ? failure.code : 'INTERNAL_SERVER_ERROR';
  await alarm.raise({
    key,
    operation: 'pull-statements',
    channelCode,
    message: `Statements could not be fetched from the channel (${code}). ${again}`,
  });
}

/**
 * Fetches statements and payouts from the selling account that is connected, again and again until the signal aborts. What is
 * refused, and an account that cannot be reached, becomes an exception on the desk; the latter closes itself.
 */
export async function pullSettlements(
  deps: { readonly knex: Knex; readonly throttle: Throttle; readonly alarm: SettlementAlarm; readonly logger: Logger },
  { amazon, pullMinutes }: Config['settlement'],
  signal: AbortSignal,
): Promise<void> {
  if (amazon === null) return;
  const { alarm, logger } = deps;
  const { channelCode } = amazon;
  const pull = openAmazonPull({
    ...deps,
    connection: amazon,
    async onFetched(statement, outcome) {
      logger.info({ channelCode, document: statement.id, ...outcome }, 'settlement statement fetched');
      await showFetched(alarm, channelCode, statement, outcome);
    },
  });
  const report = async (failure: unknown) => {
    if (failure !== null) logger.warn({ channelCode, err: failure }, 'statements could not be fetched');
    await showReach(alarm, channelCode, failure, `It is tried again every ${pullMinutes} minutes.`);
  };
  await pull.run(
    pullMinutes * 60_000,
    (failure) =>
      report(failure).catch((error: unknown) => logger.warn({ err: error }, 'an exception could not be shown')),
    signal,
  );
  await pull.close();
}
