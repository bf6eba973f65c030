import { badResponse } from '../../../systems/client-kit/failure.ts';
import type { EasyPostClient } from '../../../systems/easypost/client.ts';
import { verifySignature } from '../../../systems/easypost/signature.ts';
import { contentOf, type EasyPostDetail, type EasyPostTracker, eventBody, trackerAnswer, trackerRecord, withoutPersonal } from '../../../systems/easypost/wire.ts'; // biome-ignore format: one line
import type { CarrierScan, CarrierTrackers, TrackerNews } from '../port.ts';
import { digest, momentOf, parsedJson } from './tracker-records.ts';

/**
 * Parcels that EasyPost tracks. Its scans have no ids: each is known by what it says, so that it is the same by webhook and when read.
 * @param options.carriers EasyPost's names by the carriers of packages
 */
export function easyPostTrackers(
  client: Pick<EasyPostClient, 'createTracker' | 'tracker'>,
  { webhookSecret, carriers }: { readonly webhookSecret: string; readonly carriers: ReadonlyMap<string, string> },
): CarrierTrackers {
  const ours = new Map([...carriers].map(([code, name]) => [name.toUpperCase(), code]));
  const theirs = new Map([...carriers].map(([code, name]) => [code.toUpperCase(), name]));
  return {
    async register({ carrier, trackingNumber }, signal) {
      const name = theirs.get(carrier.toUpperCase()) ?? carrier;
      return asRead(await client.createTracker({ trackingCode: trackingNumber, carrier: name }, signal));
    },

    async read(tracker, signal) {
      const answer = await client.tracker(tracker, signal);
      return answer && asRead(answer);
    },

    hear(call, now) {
      verifySignature(call, webhookSecret, now);
      const event = eventBody.safeParse(parsedJson(call.body));
      if (!event.success) throw badResponse('EASYPOST', 'event');
      const { id, description, result } = event.data;
      if (!description.startsWith('tracker.')) return null;
      const tracker = trackerAnswer.safeParse(result).data?.id ?? '';
      return { tracker, key: `event:${id}`, record: withoutPersonal(result) };
    },

    scansOf(record) {
      const parsed = trackerRecord.safeParse(record);
      if (!parsed.success) return { problem: `shape of ${parsed.error.issues[0]?.path.join('.') || 'the tracker'}` };
      const scans: CarrierScan[] = [];
      for (const detail of detailsOf(parsed.data)) {
        const occurredAt = momentOf(detail.datetime ?? parsed.data.updated_at);
        if (occurredAt === null) return { problem: 'a scan has no moment' };
        scans.push(toScan(parsed.data, detail, occurredAt));
      }
      return { scans };
    },
  };

  function toScan({ tracking_code, carrier }: EasyPostTracker, detail: EasyPostDetail, occurredAt: Date): CarrierScan {
    const { status, status_detail, datetime, message, source, tracking_location: place } = detail;
    const said = [tracking_code, datetime, status, status_detail, message, source, place?.city, place?.state, place?.country]; // biome-ignore format: one thought
    return {
      carrier: ours.get(carrier.toUpperCase()) ?? carrier,
      trackingNumber: tracking_code,
      eventId: `easypost:${digest(said)}`,
      status,
      statusDetail: status_detail,
      occurredAt,
      location: place?.city ?? null,
      message,
    };
  }
}

/** A tracker may have a status of which no scan tells, such as that it was cancelled: as if it were one. */
function detailsOf(tracker: EasyPostTracker): readonly EasyPostDetail[] {
  const { status, status_detail, tracking_details: details } = tracker;
  if (status === 'unknown' || details.some((detail) => detail.status === status)) return details;
  return [...details, { status, status_detail, message: null, datetime: null, source: null, tracking_location: null }];
}

function asRead(answer: { readonly id: string }): TrackerNews {
  const record = withoutPersonal(answer);
  return { tracker: answer.id, key: `read:${answer.id}:${digest(contentOf(record))}`, record };
}
