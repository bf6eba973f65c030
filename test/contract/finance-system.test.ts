import { erpFinanceSystem } from '../../subgraphs/settlement/adapters/erp.ts';
import { memoryFinanceSystem } from '../../subgraphs/settlement/adapters/memory.ts';
import { startErp } from '../helpers/erp.ts';
import { financeSystemContract } from './finance-system.contract.ts';

financeSystemContract('memory', async () => {
  const finance = memoryFinanceSystem();
  return { finance, setPeriod: async (...period) => finance.setPeriod(...period), stop: async () => undefined };
});
financeSystemContract('the reference ERP over HTTP', async () => {
  const { erp, stop } = await startErp();
  return {
    finance: erpFinanceSystem(erp),
    setPeriod: (period, status) => erp.putPostingPeriod(period, { status }),
    stop,
  };
});
