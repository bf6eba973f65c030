import type { SystemProfile } from '../port-map.ts';

export const OMS_PROFILE: SystemProfile = { name: 'Order desk', kind: 'OMS', serves: { ORDER_INTAKE: {} } };
