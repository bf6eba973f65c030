import { memoryOrderDesk } from '../../subgraphs/order/adapters/memory.ts';
import { omsOrderDesk } from '../../subgraphs/order/adapters/oms.ts';
import { startDesk } from '../helpers/order-desk.ts';
import { orderDeskContract } from './order-desk.contract.ts';

orderDeskContract('memory', async () => ({ desk: memoryOrderDesk(), stop: async () => undefined }));
orderDeskContract('the reference order desk over HTTP', async () => {
  const { oms, stop } = await startDesk();
  return { desk: omsOrderDesk(oms), stop };
});
