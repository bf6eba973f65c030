import type { Measured } from './measure.ts';

/** Rows as a Markdown table, for the terminal and for bench/results. */
export function table(rows: readonly Measured[], yardstick: string): string {
  const lines = rows.map((row) => {
    const base = rows.find(
      (other) => other.way === yardstick && other.load === row.load && other.clients === row.clients,
    );
    const ratio = base && base !== row ? `${(row.perSecond / base.perSecond).toFixed(2)}×` : '';
    const cells = [row.load, String(row.clients), row.way, row.perSecond.toFixed(0), ratio];
    return [
      ...cells,
      ...[row.p50, row.p99].map((millis) => millis.toFixed(1)),
      ...[row.cpu.database, row.cpu.node].map(milli),
      String(row.toldAgain),
      Number.isNaN(row.others) ? 'unknown' : `${(row.others * 100).toFixed(0)} %`,
    ];
  });
  const head = [
    'load',
    'clients',
    'way',
    'per second',
    'to yardstick',
    'p50 ms',
    'p99 ms',
    'PostgreSQL ms CPU',
    'Node ms CPU',
    'told to come again',
    'machine taken by others',
  ];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function milli(value: number | null): string {
  if (value === null) return '';
  return Number.isNaN(value) ? 'unknown' : value.toFixed(2);
}
