import { expect, it } from '@jest/globals';
import { derivedId } from '../../platform/ids.ts';
import { memoryNodeSystem } from '../../subgraphs/fulfillment/adapters/memory.ts';
import { wmsNodeSystem } from '../../subgraphs/fulfillment/adapters/wms.ts';
import { wmsNodeAudit } from '../../subgraphs/fulfillment/adapters/wms-audit.ts';
import { memoryStockSource } from '../../subgraphs/inventory/adapters/memory.ts';
import { wmsStockSource } from '../../subgraphs/inventory/adapters/wms.ts';
import { wmsStockAudit } from '../../subgraphs/inventory/adapters/wms-audit.ts';
import { memoryOrderDesk } from '../../subgraphs/order/adapters/memory.ts';
import { omsOrderDesk } from '../../subgraphs/order/adapters/oms.ts';
import { omsDeskAudit } from '../../subgraphs/order/adapters/oms-audit.ts';
import { erpFinanceSystem } from '../../subgraphs/settlement/adapters/erp.ts';
import { erpFinanceAudit } from '../../subgraphs/settlement/adapters/erp-audit.ts';
import { memoryFinanceSystem } from '../../subgraphs/settlement/adapters/memory.ts';
import type { ErpClient } from '../../systems/erp/client.ts';
import { startErp } from '../helpers/erp.ts';
import { startDesk } from '../helpers/order-desk.ts';
import { startWarehouse, warehouseSeed } from '../helpers/warehouse.ts';
import { deskAuditContract } from './desk-audit.contract.ts';
import { financeAuditContract } from './finance-audit.contract.ts';
import { nodeAuditContract } from './node-audit.contract.ts';
import { stockAuditContract } from './stock-audit.contract.ts';

const stop = async () => undefined;

const sites = ['DC1', 'ST1'] as const;
const skus = ['A', 'B'] as const;
stockAuditContract('memory', async () => {
  const source = memoryStockSource({
    sites: sites.map((code) => ({ code, name: code, kind: 'WAREHOUSE' as const })),
    skus,
    stock: sites.flatMap((siteCode) => skus.map((sku) => ({ siteCode, sku, onHand: 10 }))),
  });
  return { audit: source, source, sites, skus, stop };
});
stockAuditContract('the reference WMS over HTTP', async () => {
  const stock = sites.flatMap((site) => skus.map((sku) => ({ site, articleNo: `ART-${sku}`, quantity: 10 })));
  const { wms, stop } = await startWarehouse({ seed: { ...warehouseSeed, stock } });
  return { audit: wmsStockAudit(wms), source: wmsStockSource(wms), sites, skus, stop };
});

nodeAuditContract('memory', async () => {
  const nodes = memoryNodeSystem();
  return { audit: nodes, nodes, locationId: 'anywhere', stop };
});
nodeAuditContract('the reference WMS over HTTP', async () => {
  const { wms, stop } = await startWarehouse();
  const nodes = wmsNodeSystem(wms);
  // In this store staff do everything.
  return { audit: wmsNodeAudit(wms, nodes), nodes, locationId: derivedId('location', 'ST1'), stop };
});

deskAuditContract('memory', async () => {
  const desk = memoryOrderDesk();
  return { audit: desk, desk, stop };
});
deskAuditContract('the reference order desk over HTTP', async () => {
  const { oms, stop } = await startDesk();
  const leave = (marketplaceOrderNo: string) =>
    oms.leaveMarketplaceOrder({
      marketplace: 'AMAZON',
      marketplaceOrderNo,
      currency: 'GBP',
      deliverTo: null,
      positions: [
        { posRef: 'a-1', itemCode: '71053', qty: 5, unitPrice: '3.39' },
        { posRef: 'a-2', itemCode: '85123A', qty: 2, unitPrice: '2.55' },
      ],
    });
  return { audit: omsDeskAudit(oms), desk: omsOrderDesk(oms), leave, stop };
});

financeAuditContract('memory', async () => {
  const finance = memoryFinanceSystem();
  return { audit: finance, finance, stop };
});
financeAuditContract('the reference ERP over HTTP', async () => {
  const { erp, stop } = await startErp();
  return { audit: erpFinanceAudit(erp), finance: erpFinanceSystem(erp), stop };
});

it('goes on behind a document of the ERP that cannot be read', async () => {
  const document = (changeNo: number, more: object = {}) => ({ billingNo: `B${changeNo}`, status: 'POSTED', createdAt: '2026-11-27T09:00:00Z', grossAmount: '1.00', currency: 'GBP', changeNo, ...more }); // biome-ignore format: a table
  const pages = [
    { billingDocuments: [document(1)], unreadable: [{ number: 2, entry: {}, problem: 'shape of status' }] },
    { billingDocuments: [document(3)], unreadable: [] },
  ];
  const client = { billingChanges: async ({ after }: { after: number }) => pages[after === 0 ? 0 : 1] };
  const audit = erpFinanceAudit(client as unknown as ErpClient);
  const { signal } = new AbortController();
  expect(await audit.documents(null, 2, signal)).toMatchObject({ documents: [{ number: 'B1' }], next: '2' });
  expect(await audit.documents('2', 2, signal)).toMatchObject({ documents: [{ number: 'B3' }], next: null });
});
