import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import type { Caller } from '../../../platform/caller.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { markReplayed, type RequestContext } from '../../../platform/graphql/subgraph.ts';
import { runOnce } from '../../../platform/idempotency/run-once.ts';
import type { ReportFormat } from '../reports/model.ts';
import { ingestReport } from './ingest.ts';
import type { IngestOutcome, IngestRefusalCode, ReportSource } from './source.ts';

/** Longest text that is taken in with a request, in UTF-8 bytes; the gateway may allow less. Longer ones have the command line. */
const MAX_CONTENT_BYTES = 4 * 1024 * 1024;

interface IngestInput {
  readonly idempotencyKey: string;
  readonly channelCode: string;
  readonly format: ReportFormat;
  readonly content: string;
}

/** What `settlementIngest` answers; the settlement by its id. */
export interface IngestAnswer {
  readonly settlementId: string | null;
  readonly duplicate: boolean;
  readonly userErrors: readonly {
    readonly code: IngestRefusalCode | 'IDEMPOTENCY_CONFLICT';
    readonly message: string;
    readonly field: readonly string[];
    readonly lineNumber: number | null;
  }[];
}

/** Takes in a report that came as text, once per idempotency key, in one transaction with the record of the key. */
export async function settlementIngest(
  context: RequestContext & { readonly caller: Caller; readonly knex: Knex },
  input: IngestInput,
): Promise<IngestAnswer> {
  if (Buffer.byteLength(input.content) > MAX_CONTENT_BYTES) {
    throw new CommerceError(
      'BAD_USER_INPUT',
      `content is longer than ${MAX_CONTENT_BYTES} bytes; take the file in with \`commerce settlement ingest\`, which takes any size.`,
    );
  }
  const source: ReportSource = {
    channelCode: input.channelCode,
    format: input.format,
    fileName: null,
    receivedBy: context.caller.clientId,
    bytes: async function* () {
      yield Buffer.from(input.content);
    },
  };
  const once = await runOnce(
    context.knex,
    { caller: context.caller, operation: 'settlementIngest', key: input.idempotencyKey, input },
    async (trx) => {
      const answer = toAnswer(await ingestReport(trx, source));
      // A duplicate changed nothing; a refusal is kept beside the reports.
      if (answer.settlementId !== null && !answer.duplicate)
        await recordAction(trx, context.caller, { action: 'settlementIngest', subject: answer.settlementId, reason: null }); // biome-ignore format: one thought
      return answer;
    },
  );
  switch (once.kind) {
    case 'conflict':
      return refused('IDEMPOTENCY_CONFLICT', 'This key was used with another input. Use a new key for a new request.', 'idempotencyKey', null); // biome-ignore format: one thought
    case 'inFlight':
      throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'A request with this idempotencyKey is still running. Repeat it shortly.'); // biome-ignore format: one thought
    case 'done':
      if (once.replayed) markReplayed(context);
      return once.result;
  }
}

function toAnswer(outcome: IngestOutcome): IngestAnswer {
  switch (outcome.kind) {
    case 'INGESTED':
      return { settlementId: outcome.settlementId, duplicate: false, userErrors: [] };
    case 'DUPLICATE':
      return { settlementId: outcome.settlementId, duplicate: true, userErrors: [] };
    case 'REFUSED':
      return refused(outcome.code, outcome.message, outcome.code === 'UNKNOWN_CHANNEL' ? 'channelCode' : 'content', outcome.lineNumber); // biome-ignore format: one thought
  }
}

function refused(
  code: IngestAnswer['userErrors'][number]['code'],
  message: string,
  field: string,
  lineNumber: number | null,
): IngestAnswer {
  return { settlementId: null, duplicate: false, userErrors: [{ code, message, field: ['input', field], lineNumber }] };
}
