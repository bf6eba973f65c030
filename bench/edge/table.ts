import type { Measure } from './load.ts';

/** @param base per second that the ratio is taken to; null for none */
export function row(what: string, measure: Measure, base: number | null): string[] {
  const { perSecond, refusedPerSecond, failedPerSecond, p50, p99 } = measure;
  const ratio = base === null ? '' : `${((perSecond / base) * 100).toFixed(0)} %`;
  const numbers = [perSecond, refusedPerSecond, failedPerSecond, p50, p99].map((value) => value.toFixed(0));
  const [good = '', ...others] = numbers;
  return [what, good, ratio, ...others];
}

/** @param ratio what the third column is the ratio to */
export function tableOf(ratio: string, rows: readonly (readonly string[])[]): string {
  const head = ['load', 'answered per second', ratio, 'refused per second', 'failed per second', 'p50 ms', 'p99 ms'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
