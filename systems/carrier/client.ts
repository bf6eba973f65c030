import { z } from 'zod';
import type { CallOptions, FeedPosition } from '../client-kit/call-options.ts';
import { rejectionCode } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemClientOptions } from '../client-kit/system-client.ts';
import {
  type CarrierConsignment,
  type CarrierReturnLabel,
  type CarrierScanPage,
  consignment,
  returnLabel,
  scanPage,
} from './wire.ts';

export interface NewConsignment {
  /** Printed on the parcel; one consignment per number. */
  readonly trackingNo: string;
  /** The sender's reference. */
  readonly reference: string;
  readonly service: string;
  /** ISO 3166-1 alpha-2. */
  readonly destinationCountry: string;
}

export interface NewReturnLabel {
  /** One label per key. */
  readonly key: string;
  /** Printed on the label. */
  readonly reference: string;
  /** Where it is handed in, ISO 3166-1 alpha-2; null: anywhere. */
  readonly originCountry: string | null;
}

/** The carrier, in its words. Every method throws CommerceError; see systems/client-kit. */
export interface CarrierClient {
  /** Announces a parcel. Idempotent on the tracking number. SYSTEM_REJECTED with REFERENCE_REUSED when it was announced otherwise. */
  registerConsignment(parcel: NewConsignment, options?: CallOptions): Promise<CarrierConsignment>;
  /** Issues a label under a number of the carrier's own. REFERENCE_REUSED when the key was used for another one. */
  issueReturnLabel(label: NewReturnLabel, options?: CallOptions): Promise<CarrierReturnLabel>;
  /** Null when the carrier does not know the number. */
  consignment(trackingNo: string, options?: CallOptions): Promise<CarrierConsignment | null>;
  /** The scans of one parcel as the carrier writes them, see `consignmentScans`; null when it does not know the number. */
  consignmentScans(trackingNo: string, options?: CallOptions): Promise<{ readonly scans: readonly unknown[] } | null>;
  /** Scans of all parcels after a number. May hold duplicates and come in any order: go by `scanNo`. */
  scans(position: FeedPosition, options?: CallOptions): Promise<CarrierScanPage>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
}

const rawScans = z.object({ scans: z.array(z.unknown()) });

export function createCarrierClient(options: SystemClientOptions): CarrierClient {
  const client = createSystemClient('CARRIER', options);
  async function unlessUnknown<Answer>(reading: Promise<Answer>): Promise<Answer | null> {
    try {
      return await reading;
    } catch (error) {
      if (rejectionCode(error) === 'UNKNOWN_CONSIGNMENT') return null;
      throw error;
    }
  }
  return {
    registerConsignment: (body, call) =>
      client.call({ ...call, method: 'POST', path: '/consignments', body, answer: consignment, repeatable: true }),
    issueReturnLabel: (body, call) =>
      client.call({ ...call, method: 'POST', path: '/return-labels', body, answer: returnLabel, repeatable: true }),
    consignment(trackingNo, call) {
      const path = `/consignments/${encodeURIComponent(trackingNo)}`;
      return unlessUnknown(client.call({ ...call, method: 'GET', path, answer: consignment, repeatable: true }));
    },
    consignmentScans(trackingNo, call) {
      const path = `/consignments/${encodeURIComponent(trackingNo)}/scans`;
      return unlessUnknown(client.call({ ...call, method: 'GET', path, answer: rawScans, repeatable: true }));
    },
    scans: ({ after, limit, waitSeconds }, call) =>
      client.poll({ ...call, path: '/scans', query: { after, limit }, answer: scanPage }, waitSeconds ?? 0),
    statistics: () => client.statistics(),
    close: () => client.close(),
  };
}
