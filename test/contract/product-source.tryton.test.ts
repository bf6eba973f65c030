import { afterAll, beforeAll } from '@jest/globals';
import { TRYTON_PROFILE } from '../../systems/tryton/profile.ts';
import { startTestTryton, type TestTryton } from '../helpers/tryton.ts';
import { productSourceContract } from './product-source.contract.ts';
import { startTrytonWorld } from './product-source.tryton-world.ts';

let server: TestTryton;
beforeAll(async () => {
  server = await startTestTryton();
});
afterAll(() => server.stop());

productSourceContract('Tryton', () => startTrytonWorld(server), TRYTON_PROFILE);
