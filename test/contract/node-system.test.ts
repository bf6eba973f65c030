import { derivedId } from '../../platform/ids.ts';
import { memoryNodeSystem } from '../../subgraphs/fulfillment/adapters/memory.ts';
import { wmsNodeSystem } from '../../subgraphs/fulfillment/adapters/wms.ts';
import { startWarehouse } from '../helpers/warehouse.ts';
import { nodeSystemContract } from './node-system.contract.ts';

nodeSystemContract('memory', async () => ({
  nodes: memoryNodeSystem(),
  locationId: 'anywhere',
  stop: async () => undefined,
}));
nodeSystemContract('the reference WMS over HTTP', async () => {
  const { wms, stop } = await startWarehouse();
  // In this store staff do everything.
  return { nodes: wmsNodeSystem(wms), locationId: derivedId('location', 'ST1'), stop };
});
