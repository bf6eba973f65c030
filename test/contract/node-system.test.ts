import { derivedId } from '../../platform/ids.ts';
import { memoryNodeSystem } from '../../subgraphs/fulfillment/adapters/memory.ts';
import { wmsNodeSystem } from '../../subgraphs/fulfillment/adapters/wms.ts';
import { X12_PROFILE } from '../../systems/x12/profile.ts';
import { startThirdParty } from '../helpers/third-party.ts';
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
nodeSystemContract(
  'a 3PL by X12 files',
  async () => {
    const { nodes, threepl, exchangeFiles, locationId, stop } = await startThirdParty();
    const numberOf = (nodeReference: string) => nodeReference.replace('X12-', '');
    return {
      nodes,
      locationId,
      staff: {
        accept: exchangeFiles,
        async ship(nodeReference, { packages }) {
          await exchangeFiles();
          const lineOf: Readonly<Record<string, string>> = { 'line-1': '1', 'line-2': '2' };
          await threepl.ship(
            numberOf(nodeReference),
            packages.map(({ trackingNumber, sscc, lines }) => ({
              trackingNumber,
              sscc,
              units: Object.fromEntries(lines.map(({ lineRef, quantity }) => [lineOf[lineRef] ?? '', quantity])),
            })),
          );
          await exchangeFiles();
        },
        async refuse(nodeReference) {
          await exchangeFiles();
          await threepl.ship(numberOf(nodeReference), [], true);
          await exchangeFiles();
        },
      },
      stop,
    };
  },
  X12_PROFILE,
);
