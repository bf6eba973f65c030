import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFile } from '../../platform/paths.ts';

/** A moment at which a worker was killed. */
export interface Point {
  /** First part of the workflow's id, such as shipment. */
  readonly workflow: string;
  /** The step's name, with a star for what differs from order to order. */
  readonly step: string;
  readonly side: 'before' | 'after';
  /** The workflow that was under way. */
  readonly workflowId: string;
}

/** Where workers were killed so far. */
export function killedAt(folder: string): Point[] {
  return readdirSync(folder).flatMap((name) => {
    const [workflow, step, side] = name.split('@');
    if (!workflow || !step || (side !== 'before' && side !== 'after')) return [];
    return [{ workflow, step, side, workflowId: readFileSync(join(folder, name), 'utf8') }];
  });
}

const STEP_CALL = /\b(?:step|durableStep)\(/g;
/** Hands a step on to the engine: what is called so is no step of its own. */
const HANDED_ON = /durableStep\(deps, input, options, run\)/g;
const STEP_NAME = /name: ['`]([a-z][^'`]*)['`], system:/g;

/**
 * Kinds of workflows and of steps as the orchestrator's source has them: what is added there has to be killed too.
 * @throws Error about one whose name cannot be read: it would be forgotten
 */
export function expected(): { workflows: string[]; steps: string[] } {
  const folder = projectFile('orchestrator');
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && path !== 'durable.ts')
    .map((path) => ({ path, text: read(path).replace(HANDED_ON, '') }));
  const steps = sources.flatMap(({ path, text }) => {
    const names = [...text.matchAll(STEP_NAME)].map(([, name = '']) => name.replace(/\$\{[^}]*\}/g, '*').replace(/-\*(-\*)+/g, '-*')); // biome-ignore format: one thought
    const calls = [...text.matchAll(STEP_CALL)].length;
    if (calls !== names.length) throw new Error(`orchestrator/${path} has ${calls} steps, and the names of ${names.length} can be read`); // biome-ignore format: one thought
    return names;
  });
  const started = [...read('reactions.ts').matchAll(/workflows\.(\w+)\(`([a-z-]+):/g)];
  const forgotten = [...read('worker.ts').matchAll(/name: '(\w+)'/g)].filter(([, name]) => !started.some(([, workflow]) => workflow === name)); // biome-ignore format: one thought
  if (forgotten.length > 0) throw new Error(`how the ids of ${forgotten.map(([, name]) => name)} begin cannot be read`);
  return {
    workflows: [...new Set(started.map(([, , kind = '']) => kind))].sort(),
    steps: [...new Set(steps)].sort(),
  };
}

/** What was expected and did not happen, in words. */
export function missing(points: readonly Point[]): string[] {
  const { workflows, steps } = expected();
  const sides = ['before', 'after'] as const;
  return [
    ...workflows.flatMap((kind) => (points.some((point) => point.workflow === kind) ? [] : [`no worker died in a workflow ${kind}:…`])), // biome-ignore format: one thought
    ...steps.flatMap((step) =>
      sides.flatMap((side) => (points.some((point) => point.step === step && point.side === side) ? [] : [`no worker died ${side} ${step}`])), // biome-ignore format: one thought
    ),
    // Whatever a workflow went through was survived on both sides.
    ...points.flatMap(({ workflow, step, side }) =>
      side === 'after' || points.some((other) => other.workflow === workflow && other.step === step && other.side === 'after')
        ? []
        : [`no worker died after ${step} of ${workflow}:…`],
    ),
  ]; // biome-ignore format: one thought
}
