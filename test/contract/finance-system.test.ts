import { parseMoney } from '../../platform/money.ts';
import { erpFinanceSystem } from '../../subgraphs/settlement/adapters/erp.ts';
import { memoryFinanceSystem } from '../../subgraphs/settlement/adapters/memory.ts';
import { startErp } from '../helpers/erp.ts';
import { financeSystemContract } from './finance-system.contract.ts';

financeSystemContract('memory', async () => {
  const finance = memoryFinanceSystem();
  return {
    finance,
    setPeriod: async (...period) => finance.setPeriod(...period),
    setCost: async (amount) => finance.setUnitCost('A1', parseMoney(amount, 'GBP')),
    stop: async () => undefined,
  };
});
financeSystemContract('the reference ERP over HTTP', async () => {
  const { erp, stop } = await startErp();
  return {
    finance: erpFinanceSystem(erp),
    setPeriod: (period, status) => erp.putPostingPeriod(period, { status }),
    async setCost(amount) {
      const { materialNo, changeNo: _, changedAt: __, ...content } = (await erp.lookUpMaterials(['A1'])).get('A1')!;
      await erp.putMaterial(materialNo, { ...content, unitCost: { amount, currency: 'GBP' } });
    },
    stop,
  };
});
