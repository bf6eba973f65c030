import type { SystemProfile } from '../port-map.ts';

export const EASYPOST_PROFILE: SystemProfile = { name: 'EasyPost', kind: 'CARRIER', serves: { CARRIER_TRACKING: {} } };
