import fc from 'fast-check';
import { seed } from '../helpers/seed.ts';

const minutes = Number(process.env.PROPERTY_MINUTES ?? 0);

/** Whether this is the long form, `npm run test:properties`. */
export const isLong = minutes > 0;

/** So that the whole of the tests stays quick on a busy machine, where a run takes many times as long. */
const SHORT_MILLIS = 8_000;

/** Share of the time of the long form that one property gets, in milliseconds. */
const longMillis = (share: number) => minutes * 60_000 * share;

/**
 * How long a property is tried: `runs` times and no longer than a few seconds, or in the long form for a share of its time.
 * A failure prints the seed and the shrunk plan; `SEED=… npm run test:properties` finds it again.
 */
export function budget(runs: number, share: number): fc.Parameters<unknown> {
  const [numRuns, millis] = isLong ? [Number.MAX_SAFE_INTEGER, longMillis(share)] : [runs, SHORT_MILLIS];
  return { seed, numRuns, interruptAfterTimeLimit: millis, markInterruptAsFailure: false, endOnFailure: !isLong };
}

/** Time that a test with such a budget may take, shrinking included, in milliseconds. */
export const patience = (share: number): number => (isLong ? longMillis(share) + 600_000 : 120_000);

/** Runs a property and adds to its failure how to see it again. */
export async function hold<Values>(property: fc.IAsyncProperty<Values>, parameters: fc.Parameters<unknown>) {
  // When the time is over fast-check leaves the run in progress alone; its world must not be taken away under it, and
  // what it finds counts.
  let last: ReturnType<typeof property.run> | undefined;
  const run = property.run.bind(property);
  property.run = (values) => {
    last = run(values);
    return last;
  };
  const details = await fc.check(property as fc.IAsyncProperty<unknown>, parameters);
  const outcome = await last;
  const error = details.errorInstance ?? (outcome && 'error' in outcome ? outcome.error : null);
  if (error !== null) {
    // The seed first: plans are long, and logs are cut.
    throw new Error(
      `SEED=${details.seed} npm run test:properties finds it again and makes it shorter ` +
        `(run ${details.counterexamplePath ?? details.numRuns}, shrunk ${details.numShrinks} times).\n\n` +
        `${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return details.numRuns + (details.interrupted ? 1 : 0);
}
