import { CommerceError } from '../../../platform/errors.ts';
import { badResponse } from '../../../systems/client-kit/failure.ts';
import type { NamedParcel, ShipEngineClient } from '../../../systems/shipengine/client.ts';
import type { Keyring } from '../../../systems/shipengine/keyring.ts';
import { verifyShipEngine } from '../../../systems/shipengine/signature.ts';
import { PARCEL_NEWS, parcelAnswer, type ShipEngineEvent, type ShipEngineParcel, trackedParcel, webhookBody, withoutPersonal } from '../../../systems/shipengine/wire.ts'; // biome-ignore format: one line
import type { CarrierScan, CarrierTrackers, TrackerNews } from '../port.ts';
import { digest, momentOf, parsedJson } from './tracker-records.ts';

/**
 * Parcels that ShipEngine tracks. They have no ids there: carrier and number are one. Scans and messages have none either: each is known by
 * what it says, so that it is the same by webhook and when read.
 * @param options.carriers ShipEngine's codes by the carriers of packages
 */
export function shipEngineTrackers(
  client: Pick<ShipEngineClient, 'startTracking' | 'parcel'>,
  { keyring, carriers }: { readonly keyring: Pick<Keyring, 'keyOf'>; readonly carriers: ReadonlyMap<string, string> },
): CarrierTrackers {
  const ours = new Map([...carriers].map(([code, theirs]) => [theirs.toLowerCase(), code]));
  const theirs = new Map([...carriers].map(([code, name]) => [code.toUpperCase(), name]));

  async function readNow(parcel: NamedParcel, signal: AbortSignal): Promise<TrackerNews | null> {
    const answer = await client.parcel(parcel, signal);
    // Its answer may leave out the carrier that it was asked for.
    return answer && news({ carrier_code: parcel.carrierCode, ...answer });
  }

  return {
    async register({ carrier, trackingNumber }, signal) {
      const parcel = { carrierCode: theirs.get(carrier.toUpperCase()) ?? carrier, trackingNumber };
      await client.startTracking(parcel, signal);
      const found = await readNow(parcel, signal);
      if (found) return found;
      // It comes when the carrier has it.
      throw new CommerceError('SYSTEM_UNAVAILABLE', 'ShipEngine does not know the parcel yet', {
        system: 'SHIPENGINE',
      });
    },

    async read(tracker, signal) {
      const [, carrierCode, trackingNumber] = /^([^/]+)\/(.+)$/s.exec(tracker) ?? [];
      return carrierCode && trackingNumber ? readNow({ carrierCode, trackingNumber }, signal) : null;
    },

    hear(call, now) {
      verifyShipEngine(call, keyring.keyOf, now);
      const body = webhookBody.safeParse(parsedJson(call.body));
      if (!body.success) throw badResponse('SHIPENGINE', 'webhook');
      if (!PARCEL_NEWS.includes(body.data.resource_type)) return null;
      const heard = news(body.data.data);
      const time = String(call.headers['x-shipengine-timestamp']);
      return { ...heard, key: `heard:${time}:${heard.key}` };
    },

    scansOf(record) {
      const parsed = trackedParcel.safeParse(record);
      if (!parsed.success) return { problem: `shape of ${parsed.error.issues[0]?.path.join('.') || 'the parcel'}` };
      const scans: CarrierScan[] = [];
      for (const event of eventsOf(parsed.data)) {
        const occurredAt = momentOf(event.occurred_at ?? event.carrier_occurred_at);
        if (occurredAt === null) return { problem: 'a scan has no moment' };
        scans.push(toScan(parsed.data, event, occurredAt));
      }
      // It tells the newest first; of one moment, what came first stays first.
      return { scans: scans.toReversed().sort((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime()) };
    },
  };

  function toScan({ tracking_number, carrier_code }: ShipEngineParcel, event: ShipEngineEvent, occurredAt: Date): CarrierScan {
    const said = [tracking_number, occurredAt.toISOString(), event.status_code, event.status_detail_code, event.event_code, event.description, event.city_locality, event.state_province, event.country_code];
    return {
      carrier: ours.get(carrier_code.toLowerCase()) ?? carrier_code,
      trackingNumber: tracking_number,
      eventId: `shipengine:${digest(said)}`,
      // A scan without a status says nothing of the goods.
      status: event.status_code ?? 'UN',
      statusDetail: event.status_detail_code,
      occurredAt,
      location: event.city_locality,
      message: event.description,
    };
  } // biome-ignore format: one thought
}

/** A parcel may have a status of which no scan tells: where it was delivered, that is as if there were one. */
function eventsOf({ status_code, status_detail_code, actual_delivery_date, events }: ShipEngineParcel): readonly ShipEngineEvent[] {
  if (status_code !== 'DE' || actual_delivery_date === null || events.some((event) => event.status_code === 'DE')) return events;
  return [{ occurred_at: actual_delivery_date, carrier_occurred_at: null, description: null, city_locality: null, state_province: null, country_code: null, event_code: null, status_code, status_detail_code }, ...events];
} // biome-ignore format: one thought

function news(parcel: unknown): TrackerNews {
  const record = withoutPersonal(parcel);
  const number = parcelAnswer.safeParse(record).data?.tracking_number ?? '';
  const carrier = (record as { carrier_code?: unknown } | null)?.carrier_code;
  const tracker = `${String(carrier)}/${number}`;
  return { tracker, key: `${tracker}:${digest(record)}`, record };
}
