import type { SystemProfile } from '../port-map.ts';

export const WMS_PROFILE: SystemProfile = {
  name: 'Warehouses',
  kind: 'WMS',
  serves: { STOCK: {}, RETURNS: {}, SHIPMENT: {} },
};
