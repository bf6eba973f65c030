import type { SystemProfile } from '../port-map.ts';

export const ERP_PROFILE: SystemProfile = {
  name: 'ERP',
  kind: 'ERP',
  serves: { PRODUCT_MASTER: {}, PRICE_LIST: {}, INVOICE: {}, JOURNAL: {} },
};
