import type { SystemProfile } from '../port-map.ts';

export const CARRIER_PROFILE: SystemProfile = {
  name: 'Carrier',
  kind: 'CARRIER',
  serves: {
    CARRIER: {},
    CARRIER_TRACKING: { WEBHOOKS: 'It sends none: its scans are followed as they come, and read by parcel.' },
  },
};
