import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import type fc from 'fast-check';
import { perform } from './act.ts';
import type { Plan } from './actions.ts';
import { faultsInBooks } from './books.ts';
import { differences } from './compare.ts';
import { createModel, step } from './model.ts';
import { describeAction, emptyHistory } from './perform.ts';
import { SAFETY, type World } from './world.ts';

/** One after the other, each against the model. @throws Error with what differs, and the way there */
export async function runSequentially(world: World, plan: Plan): Promise<void> {
  await world.reset(plan.stock);
  const history = emptyHistory();
  const model = createModel(plan.stock, SAFETY);
  const way: string[] = [];
  for (const [index, action] of plan.actions.entries()) {
    const seen = await perform(world, history, action, `a${index}`);
    const expected = step(model, action, seen);
    way.push(`${index}. ${describeAction(action)} → ${seen.code}`);
    const found = [
      ...history.problems,
      ...(seen.code === expected ? [] : [`it came to ${seen.code}, not ${expected}`]),
      ...(await differences(world, history, model)),
    ];
    if (found.length > 0) throw failure(found, way, plan);
  }
  const found = await faultsInBooks(world, history, false);
  if (found.length > 0) throw failure(found, way, plan);
}

/** How long a statement that was let through may take before the next one goes, in milliseconds: it may wait for a lock. */
const BLOCKED_MILLIS = 4;

/**
 * Several clients at once; then the books. With a scheduler, statement by statement in the order that it chooses; without
 * one as fast as they can.
 * @throws Error with what is wrong in the books
 */
export async function runConcurrently(
  world: World,
  plan: Plan,
  clients: number,
  scheduler: fc.Scheduler | null,
): Promise<void> {
  await world.reset(plan.stock);
  const history = emptyHistory();
  const way: string[] = [];
  const queue = [...plan.actions.entries()];
  const client = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, action] = next;
      const { code } = await perform(world, history, action, `a${index}`);
      way[index] = `${index}. ${describeAction(action)} → ${code}`;
    }
  };
  const all = () => Promise.all(Array.from({ length: clients }, client));
  await (scheduler ? oneByOne(world, scheduler, all) : all());
  const found = await faultsInBooks(world, history, true);
  if (found.length > 0) throw failure(found, way, plan);
}

async function oneByOne(world: World, scheduler: fc.Scheduler, all: () => Promise<unknown>): Promise<void> {
  let ended = () => {};
  /** Lets one statement go and waits until it has ended, or is seen to wait. */
  const oneStatement = async (go: () => Promise<void>) => {
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    await go();
    await Promise.race([end, wait(BLOCKED_MILLIS)]);
    // What follows the answer in the process has its turn before the next statement is chosen.
    await turn();
  };
  const pass = (label: string) => scheduler.schedule(Promise.resolve(), label, undefined, oneStatement);
  await world.gated(
    pass,
    () => ended(),
    () => scheduler.waitFor(all()),
  );
}

function failure(found: readonly string[], way: readonly string[], plan: Plan): Error {
  return new Error([...found, 'after', `stock ${JSON.stringify(plan.stock)}`, ...way].join('\n  '));
}
