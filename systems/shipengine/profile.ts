import type { SystemProfile } from '../port-map.ts';

export const SHIPENGINE_PROFILE: SystemProfile = {
  name: 'ShipEngine',
  kind: 'CARRIER',
  serves: { CARRIER_TRACKING: {} },
};
