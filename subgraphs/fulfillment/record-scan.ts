import type { Knex } from 'knex';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed } from '../../platform/graphql/subgraph.ts';
import { runOnce } from '../../platform/idempotency/run-once.ts';
import type { FulfillmentContext } from './context.ts';
import type { FulfillmentRefusal } from './errors.ts';
import { reportUnknownWords } from './feeds.ts';
import { isOtherScan, recordScans } from './tracking.ts';

interface TrackingInput {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly eventId: string;
  readonly status: string;
  readonly occurredAt: string;
  readonly location?: string | null;
  readonly message?: string | null;
  readonly idempotencyKey?: string | null;
}

const CONFLICT: FulfillmentRefusal = {
  code: 'IDEMPOTENCY_CONFLICT',
  message: 'This key was used with another input. Use a new key for a new request.',
  field: ['input', 'idempotencyKey'],
};

/** Silence would keep the parcel where it is for ever: some carriers count the scans of each parcel from the start. */
const OTHER_SCAN: FulfillmentRefusal = {
  code: 'IDEMPOTENCY_CONFLICT',
  message:
    'The carrier used this id for a scan of another number or status before. That one stays, and this one is not stored. Where the carrier counts the scans of each parcel by themselves, put the tracking number into the id.',
  field: ['input', 'eventId'],
};

const UNKNOWN_NUMBER: FulfillmentRefusal = {
  code: 'UNKNOWN_TRACKING_NUMBER',
  message: 'No package has this number yet. The event is kept and takes effect when one does.',
  field: ['input', 'trackingNumber'],
};

/** Stores a scan that somebody tells us of. What keeps it from counting twice is the carrier's id, with a key or without. */
export async function trackingEventRecord(
  _: unknown,
  { input }: { input: TrackingInput },
  context: FulfillmentContext,
) {
  const invalid = checkTracking(input);
  if (invalid) return refused(invalid);
  const recorded = await recordOnce(context, input);
  if (recorded === 'conflict') return refused(CONFLICT);
  if (recorded.isOther) return refused(OTHER_SCAN);
  if (recorded.shipmentId === null)
    return recorded.isReturn ? { shipment: null, userErrors: [] } : refused(UNKNOWN_NUMBER);
  return { shipment: await context.loaders.shipments.load(recorded.shipmentId), userErrors: [] };
}

const refused = (refusal: FulfillmentRefusal) => ({ shipment: null, userErrors: [refusal] });

interface Recorded {
  readonly shipmentId: string | null;
  /** Missing in what earlier releases stored under a key. */
  readonly isReturn?: boolean;
  /** Likewise: another scan has its id. */
  readonly isOther?: boolean;
}

/** @throws CommerceError IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_KEY_INVALID */
async function recordOnce(context: FulfillmentContext, input: TrackingInput): Promise<Recorded | 'conflict'> {
  const effect = (trx: Knex.Transaction) => recordOne(trx, context, input);
  const { idempotencyKey: key } = input;
  if (key == null) return inTransaction(context.knex, effect);
  const outcome = await runOnce(
    context.knex,
    { caller: context.caller, operation: 'trackingEventRecord', key, input },
    effect,
  );
  switch (outcome.kind) {
    case 'done':
      if (outcome.replayed) markReplayed(context);
      return outcome.result;
    case 'conflict':
      return 'conflict';
    case 'inFlight':
      throw new CommerceError('IDEMPOTENCY_IN_FLIGHT', 'A request with this key is still running. Repeat it shortly.');
  }
}

async function recordOne(trx: Knex.Transaction, context: FulfillmentContext, input: TrackingInput): Promise<Recorded> {
  const recorded = await recordScans(trx, [
    {
      carrier: input.carrier,
      trackingNumber: input.trackingNumber,
      eventId: input.eventId,
      status: input.status,
      statusDetail: null,
      occurredAt: new Date(input.occurredAt),
      location: input.location ?? null,
      message: input.message ?? null,
    },
  ]);
  await reportUnknownWords(trx, recorded, context.report);
  const [one] = recorded;
  const isOther = one?.repeated === true && (await isOtherScan(trx, one.scan));
  return { shipmentId: one?.shipmentId ?? null, isReturn: one?.isReturn ?? false, isOther };
}

function checkTracking(input: TrackingInput): FulfillmentRefusal | null {
  for (const name of ['carrier', 'trackingNumber', 'eventId', 'status', 'location', 'message'] as const) {
    const text = input[name];
    if (text == null) continue;
    const required = name !== 'location' && name !== 'message';
    if ((required && text.trim() === '') || text.length > 200 || /\p{Cc}/u.test(text)) {
      return {
        code: 'INVALID_INPUT',
        field: ['input', name],
        message: `${name} must be ${required ? '1 to' : 'at most'} 200 characters without control characters.`,
      };
    }
  }
  return null;
}
