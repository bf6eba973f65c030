import type { CarrierClient } from '../../../systems/carrier/client.ts';
import { pageOf } from '../../../systems/client-kit/feed-page.ts';
import type { CarrierSystem } from '../port.ts';

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
      const scans = page.scans.map((scan) => ({
        position: scan.scanNo,
        carrier: scan.carrierCode,
        trackingNumber: scan.trackingNo,
        eventId: String(scan.scanNo),
        status: scan.status,
        statusDetail: scan.statusDetail,
        occurredAt: scan.scannedAt,
        location: scan.city,
        message: scan.message,
      }));
      return pageOf(after, scans, page.unreadable);
    },
  };
}
