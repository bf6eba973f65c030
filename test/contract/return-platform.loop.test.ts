import { loopReturns } from '../../subgraphs/order/adapters/loop.ts';
import { loadReturnPlatforms } from '../../subgraphs/order/adapters/return-platforms.ts';
import { startLoopReference } from '../../systems/loop/simulator/start.ts';
import { returnPlatformContract } from './return-platform.contract.ts';

returnPlatformContract('Loop', () => {
  const loop = startLoopReference('test-secret');
  return {
    platform: loopReturns('test-secret', loadReturnPlatforms().words.loop),
    ask: () => loop.ask('#1001', [{ sku: '71053' }]),
    withdraw: (id) => loop.change(id, { state: 'cancelled' }),
    garble: (id) => loop.change(id, { state: 'Melted' }),
    send: (id, tracking_number) => loop.change(id, { labels: [{ status: 'in_transit', carrier: 'USPS', tracking_number }] }), // biome-ignore format: one thought
    webhook(id) {
      const { headers, body } = loop.webhook(id);
      return { headers, body: Buffer.from(body) };
    },
    personal: ['ada@buyer.example', '1 High Street', 'Buyer', '+442070000000', 'b3e4764e'],
  };
});
