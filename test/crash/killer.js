import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DBOS } from '@dbos-inc/dbos-sdk';

// Loaded into a worker before its own code (`node --import`): ends the process, as kill -9 would, before and after every
// step of every kind of workflow, each moment once over all workers and lives. The product knows nothing of it.

const folder = process.env.CRASH_DIR ?? '';
const runStep = DBOS.runStep;

/** Ends the process at this moment, unless it, or another, was ended at the same moment before. */
function dieOnce(point, workflowId) {
  let mark;
  try {
    mark = openSync(join(folder, point), 'wx');
  } catch {
    return; // it is there: this was survived
  }
  writeSync(mark, workflowId);
  process.kill(process.pid, 'SIGKILL');
  for (;;); // until the signal arrives
}

/** The same for all orders, lines, rounds and attempts. */
const kindOf = (step) =>
  step
    .replace(/(ful|oln|loc)_[0-9a-z]+/g, '*')
    .replace(/-\d+(?=-|$)/g, '-*')
    .replace(/-\*(-\*)+/g, '-*');

DBOS.runStep = (run, config) => {
  const workflowId = DBOS.workflowID ?? 'none';
  const point = `${workflowId.split(':')[0]}@${kindOf(config.name)}`;
  return runStep.call(
    DBOS,
    async () => {
      dieOnce(`${point}@before`, workflowId);
      const result = await run();
      // The effect is there; that the step is done is not recorded.
      dieOnce(`${point}@after`, workflowId);
      return result;
    },
    config,
  );
};
