import { z } from 'zod';

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || null);

const event = z.object({
  occurred_at: text,
  carrier_occurred_at: text,
  description: text,
  city_locality: text,
  state_province: text,
  country_code: text,
  event_code: text,
  status_code: text,
  status_detail_code: text,
});

/** A parcel with its scans. Statuses are no enum: ShipEngine adds some. */
export const trackedParcel = z.object({
  tracking_number: z.string().min(1),
  carrier_code: z.string().min(1),
  status_code: z.string().min(1),
  status_detail_code: text,
  actual_delivery_date: text,
  events: z
    .array(event)
    .nullish()
    .transform((events) => events ?? []),
});

/** What the client needs of an answer; the rest is read by `trackedParcel`, and kept as it came where it cannot be. */
export const parcelAnswer = z.looseObject({ tracking_number: z.string().min(1) });

/** A webhook. Its data are a parcel where the type says so, in either release of its API. */
export const webhookBody = z.object({ resource_type: z.string(), data: z.unknown() });
export const PARCEL_NEWS: readonly string[] = ['API_TRACK', 'TRACK_EVENT_V2'];

export const keysAnswer = z.object({ keys: z.array(z.looseObject({ kid: z.string().min(1), kty: z.string() })) });
export type PublishedKey = z.output<typeof keysAnswer>['keys'][number];

export type ShipEngineParcel = z.output<typeof trackedParcel>;
export type ShipEngineEvent = z.output<typeof event>;

const KEPT: ReadonlySet<string> = new Set(['tracking_number', 'carrier_code', 'status_code', 'status_detail_code', 'status_description', 'carrier_status_code', 'ship_date', 'estimated_delivery_date', 'actual_delivery_date', 'events']); // biome-ignore format: one list
const PERSONAL: ReadonlySet<string> = new Set(['signer', 'company_name', 'postal_code', 'latitude', 'longitude', 'proof_of_delivery_url']); // biome-ignore format: one list

/** A parcel as it came, without who signed and where exactly that was. */
export function withoutPersonal(record: unknown): unknown {
  if (typeof record !== 'object' || record === null) return null;
  const kept = Object.fromEntries(Object.entries(record).filter(([name]) => KEPT.has(name)));
  return JSON.parse(
    JSON.stringify(kept, (name, value: unknown) => (PERSONAL.has(name) ? undefined : value)),
  ) as unknown;
}
