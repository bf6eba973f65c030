import { expect, it } from '@jest/globals';
import { createProgress } from './progress.ts';

/** A screen that remembers, and a clock that a test moves. */
function watched(live: boolean) {
  const written: string[] = [];
  let time = 0;
  const progress = createProgress({ isTTY: live, columns: 80, write: (text) => written.push(text) }, () => time);
  return {
    progress,
    written,
    wait: (millis: number) => {
      time += millis;
    },
  };
}

it('draws a bar in place on a terminal, not more often than the eye sees', () => {
  const { progress, written, wait } = watched(true);
  const stage = progress.stage('Orders', 2_000, 'lines');
  stage.advance(500);
  expect(written).toEqual([`\rOrders       ${'░'.repeat(30)} 0 of 2,000 lines, 0 s\u001b[K`]);
  wait(2_000);
  stage.advance(500);
  expect(written[1]).toBe(`\rOrders       ${'█'.repeat(15)}${'░'.repeat(15)} 1,000 of 2,000 lines, 2 s\u001b[K`);
  stage.end('2,000 lines in 3 orders');
  expect(written[2]).toBe('\rOrders       2,000 lines in 3 orders, 2 s\u001b[K\n');
  expect(written).toHaveLength(3);
});

it('writes plain lines elsewhere: now and then, and at the end', () => {
  const { progress, written, wait } = watched(false);
  const stage = progress.stage('Orders', 2_000, 'lines');
  stage.advance(500);
  wait(10_000);
  stage.grow(1_000);
  wait(5_000);
  stage.advance(2_500);
  stage.end('3,000 lines in 3 orders');
  expect(written).toEqual(['Orders       500 of 3,000 lines, 10 s\n', 'Orders       3,000 lines in 3 orders, 15 s\n']);
});
