import { expect, it } from '@jest/globals';
import { createLogger } from './logger.ts';

it('names the component of a line once, and keeps what the loggers above it said', () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    component: 'commerce',
    destination: { write: (line) => void lines.push(line) },
  });
  logger.info('start');
  const part = logger.child({ traceId: 't1' }).child({ component: 'gateway' });
  part.info('served');
  part.child({ component: 'rate limits' }).child({ contract: 'finance' }).info('counted');
  expect(lines.map((line) => line.split('"component"').length - 1)).toEqual([1, 1, 1]);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { component: 'commerce', msg: 'start' },
    { component: 'gateway', traceId: 't1', msg: 'served' },
    { component: 'rate limits', traceId: 't1', contract: 'finance', msg: 'counted' },
  ]);
});
