import type { SystemProfile } from '../port-map.ts';

export const CARRIER_PROFILE: SystemProfile = { name: 'Carrier', kind: 'CARRIER', serves: { CARRIER: {} } };
