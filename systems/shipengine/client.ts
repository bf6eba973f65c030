import { z } from 'zod';
import { isCommerceError } from '../../platform/errors.ts';
import { badResponse } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient } from '../client-kit/system-client.ts';
import { keysAnswer, type PublishedKey, parcelAnswer } from './wire.ts';

export interface ShipEngineClientOptions {
  /** e.g. https://api.shipengine.com. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Of one call with its repetitions, in milliseconds. */
  readonly timeoutMillis: number;
}

/** A parcel, as ShipEngine calls it. */
export interface NamedParcel {
  readonly carrierCode: string;
  readonly trackingNumber: string;
}

/** An account at ShipEngine. Every failure is a CommerceError, see `createSystemClient`; asked to slow down, no call goes out before its time. */
export interface ShipEngineClient {
  /** Has webhooks sent about a parcel. Again changes nothing. @throws CommerceError SYSTEM_REJECTED for a carrier or number that it does not take */
  startTracking(parcel: NamedParcel, signal: AbortSignal): Promise<void>;
  /** How a parcel stands now. Null when it knows none. */
  parcel(parcel: NamedParcel, signal: AbortSignal): Promise<z.output<typeof parcelAnswer> | null>;
  /** The keys of its signatures. */
  keys(): Promise<readonly PublishedKey[]>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
} // biome-ignore format: a table

const SYSTEM = 'SHIPENGINE';

export function createShipEngineClient({ baseUrl, apiKey, timeoutMillis }: ShipEngineClientOptions): ShipEngineClient {
  const client = createSystemClient(SYSTEM, { baseUrl, token: '', timeoutMillis, errorIn });
  const own = { authorization: null, headers: { 'API-Key': apiKey } };
  const query = ({ carrierCode, trackingNumber }: NamedParcel) => ({ carrier_code: carrierCode, tracking_number: trackingNumber }); // biome-ignore format: one thought
  return {
    async startTracking(parcel, signal) {
      await client.call({ ...own, method: 'POST', path: '/v1/tracking/start', query: query(parcel), answer: z.null(), repeatable: true, signal }); // biome-ignore format: one thought
    },
    async parcel(parcel, signal) {
      try {
        const answer = await client.call({ ...own, method: 'GET', path: '/v1/tracking', query: query(parcel), answer: parcelAnswer, repeatable: true, signal }); // biome-ignore format: one thought
        if (answer.tracking_number !== parcel.trackingNumber) throw badResponse(SYSTEM, 'another parcel');
        return answer;
      } catch (error) {
        if (isCommerceError(error) && error.code === 'SYSTEM_REJECTED' && error.details.status === 404) return null;
        throw error;
      }
    },
    keys: async () =>
      (await client.call({ method: 'GET', path: '/jwks', authorization: null, answer: keysAnswer, repeatable: true })).keys, // biome-ignore format: one thought
    statistics: () => client.statistics(),
    close: () => client.close(),
  };
}

const coded = z.object({ errors: z.array(z.object({ error_code: z.string() })).min(1) });

/** Only the code is taken, as ours are written: its texts name what was sent. */
function errorIn(answer: unknown): unknown {
  const code = coded.safeParse(answer).data?.errors[0]?.error_code;
  return code === undefined ? null : { error: { code: code.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_').slice(0, 64) } }; // biome-ignore format: one thought
}
