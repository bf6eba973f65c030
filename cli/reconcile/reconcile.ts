import type { Invocation } from '../command.ts';
import type { ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';
import { compareByWorker } from './compare-by-worker.ts';

/** `commerce reconcile` */
export function reconcile({ value, flag, terminal }: Invocation): Promise<ExitCode> {
  const wanted = { system: value('system') ?? null, subject: null, dryRun: flag('dry-run') };
  return withStore(({ knex }) => compareByWorker(knex, wanted, terminal));
}
