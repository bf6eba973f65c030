import { z } from 'zod';
import { isCommerceError } from '../../platform/errors.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient } from '../client-kit/system-client.ts';
import { trackerAnswer } from './wire.ts';

export interface EasyPostClientOptions {
  /** e.g. https://api.easypost.com. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Of one call with its repetitions, in milliseconds. */
  readonly timeoutMillis: number;
}

/** An account at EasyPost. Every failure is a CommerceError, see `createSystemClient`; asked to slow down, no call goes out before its time. */
export interface EasyPostClient {
  /**
   * Has a parcel tracked. Repeatable: within three months EasyPost answers the same number of the same carrier with the tracker it has.
   * @throws CommerceError SYSTEM_REJECTED when it does not take the number or the carrier
   */
  createTracker(parcel: { readonly trackingCode: string; readonly carrier: string }, signal: AbortSignal): Promise<z.output<typeof trackerAnswer>>;
  /** Null when there is no such tracker. */
  tracker(id: string, signal: AbortSignal): Promise<z.output<typeof trackerAnswer> | null>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
} // biome-ignore format: a table

export function createEasyPostClient({ baseUrl, apiKey, timeoutMillis }: EasyPostClientOptions): EasyPostClient {
  const client = createSystemClient('EASYPOST', { baseUrl, token: '', timeoutMillis, errorIn });
  const authorization = `Basic ${Buffer.from(`${apiKey}:`).toString('base64')}`;
  return {
    createTracker: ({ trackingCode, carrier }, signal) =>
      client.call({
        method: 'POST',
        path: '/v2/trackers',
        body: { tracker: { tracking_code: trackingCode, carrier } },
        authorization,
        answer: trackerAnswer,
        repeatable: true,
        signal,
      }),
    async tracker(id, signal) {
      const path = `/v2/trackers/${encodeURIComponent(id)}`;
      try {
        return await client.call({ method: 'GET', path, authorization, answer: trackerAnswer, repeatable: true, signal }); // biome-ignore format: one thought
      } catch (error) {
        if (isCommerceError(error) && error.code === 'SYSTEM_REJECTED' && error.details.status === 404) return null;
        throw error;
      }
    },
    statistics: () => client.statistics(),
    close: () => client.close(),
  };
}

const coded = z.object({ error: z.object({ code: z.string() }) });

/** Only the code is taken, as ours are written: its texts name what was sent. */
function errorIn(answer: unknown): unknown {
  const code = coded.safeParse(answer).data?.error.code;
  return code === undefined ? null : { error: { code: code.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_').slice(0, 64) } }; // biome-ignore format: one thought
}
