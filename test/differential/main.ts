import { parseArgs } from 'node:util';
import { compareAll } from './compare.ts';
import { Executors } from './executors.ts';

// `npm run test:differential -- --runs 20000 --seed 7`: the long form of differential.test.ts. Exit code 1 on a difference;
// --shrink makes the operation that showed it shorter.
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5000' },
    seed: { type: 'string' },
    shrink: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const executors = new Executors();
process.stdout.write(`seed ${seed}\n`);
const { compared, invalid, misplaced, lost } = await compareAll(executors, {
  runs: Number(values.runs),
  seed,
  shrink: values.shrink,
});
process.stdout.write(
  `${compared} operations compared, ${invalid} invalid ones left out, ${misplaced} runs with an error in another place, ${lost} in which @apollo/gateway lost fields\n`,
);
for (const [how, count] of executors.executions) process.stdout.write(`${count} ${how}\n`);
