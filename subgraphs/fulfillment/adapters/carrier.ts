import { CommerceError } from '../../../platform/errors.ts';
import type { CarrierClient } from '../../../systems/carrier/client.ts';
import { consignmentScans, type CarrierScan as ScanOfCarrier } from '../../../systems/carrier/wire.ts';
import { pageOf } from '../../../systems/client-kit/feed-page.ts';
import type { CarrierScan, CarrierSystem, CarrierTrackers, TrackerNews } from '../port.ts';

const PAGE = 500;

/** Scans of the reference carrier. */
export function referenceCarrier(carrier: CarrierClient): CarrierSystem {
  return {
    async issueReturnLabel({ key, reference, originCountry }, signal) {
      const label = await carrier.issueReturnLabel({ key, reference, originCountry }, { signal });
      return { carrier: label.carrierCode, trackingNumber: label.trackingNo };
    },

    async scans(after, waitSeconds, signal) {
      const page = await carrier.scans({ after, limit: PAGE, waitSeconds }, { signal });
      const scans = page.scans.map((scan) => ({ position: scan.scanNo, ...toScan(scan) }));
      return pageOf(after, scans, page.unreadable);
    },
  };
}

/**
 * Single parcels of the reference carrier. Warehouses announce them to it: what none did is not tracked. It sends no webhooks.
 */
export function referenceTrackers(carrier: Pick<CarrierClient, 'consignmentScans'>): CarrierTrackers {
  async function read(tracker: string, signal: AbortSignal): Promise<TrackerNews | null> {
    const record = await carrier.consignmentScans(tracker, { signal });
    return record && { tracker, key: `${tracker}:${record.scans.length}`, record };
  }
  return {
    read,
    async register({ trackingNumber }, signal) {
      const news = await read(trackingNumber, signal);
      if (news) return news;
      throw new CommerceError('SYSTEM_REJECTED', 'the carrier knows no such parcel', { systemCode: 'UNKNOWN_CONSIGNMENT' }); // biome-ignore format: one thought
    },
    hear() {
      throw new CommerceError('UNAUTHENTICATED', 'The reference carrier sends no webhooks.');
    },
    scansOf(record) {
      const parsed = consignmentScans.safeParse(record);
      if (parsed.success) return { scans: parsed.data.scans.map(toScan) };
      return { problem: `shape of ${parsed.error.issues[0]?.path.join('.') || 'the record'}` };
    },
  };
}

function toScan(scan: ScanOfCarrier): CarrierScan {
  return {
    carrier: scan.carrierCode,
    trackingNumber: scan.trackingNo,
    eventId: String(scan.scanNo),
    status: scan.status,
    statusDetail: scan.statusDetail,
    occurredAt: scan.scannedAt,
    location: scan.city,
    message: scan.message,
  };
}
