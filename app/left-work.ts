import type { Orchestrator } from '../orchestrator/worker.ts';
import { counted } from '../platform/counted.ts';
import type { Logger } from '../platform/logger.ts';
import { randomText } from '../platform/random-bytes.ts';
import type { ExceptionDesk } from '../subgraphs/operations/index.ts';

/** Workflows named in a message at most. */
const NAMED = 5;

/** Tells of workflows that nobody here goes on with: their orders stand still, and somebody must know. Closes when there are none. */
export async function tellOfLeftWork(
  { workOfOtherReleases, stoppedWork }: Pick<Orchestrator, 'workOfOtherReleases' | 'stoppedWork'>,
  desk: Pick<ExceptionDesk, 'raise' | 'resolve'>,
  logger: Logger,
): Promise<void> {
  const left = await workOfOtherReleases();
  const counts = [...left].map(([version, count]) => `${count} of workflow version ${version}`).join(', ');
  await tell(
    'workflows:other-release',
    counts &&
      `Unfinished work that this release cannot go on with: ${counts}. Keep a worker of the release that began it running until this closes, or start one: see docs/adr/0021.`,
  );
  const stopped = await stoppedWork();
  const named = stopped
    .slice(0, NAMED)
    .map(({ workflowId, lastStep }) => `${workflowId} (last step: ${lastStep ?? 'none'})`)
    .join(', ');
  await tell(
    'workflows:stopped',
    named &&
      `${counted(stopped.length, 'workflow')} stopped in the middle: ${named}${stopped.length > NAMED ? ', …' : ''}. Another release recorded other steps, or its code failed: the log has why. Run each again from a step that it has run: npx commerce replay workflow <id> --from-step <step> --reason …`,
  );

  async function tell(key: string, message: string): Promise<void> {
    if (message === '') return desk.resolve(key, 'no such work is left');
    logger.warn({ key }, message);
    await desk.raise({
      key,
      cause: 'CONFLICT',
      system: 'commerce',
      operation: key,
      message,
      orderId: null,
      channelCode: null,
      workflowId: null,
      traceId: randomText(16, 'hex'),
    });
  }
}
