import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../platform/paths.ts';
import { type Bar, barChart } from './plot/bar-chart.ts';
import { type ResultTable, resultTables } from './plot/result-tables.ts';

// `npm run bench:plot`: draws what the benches left in bench/results, as the SVGs that docs/performance.md shows. It measures
// nothing: a chart says what its result file says.

interface Chart {
  /** Of the result file, and of the chart. */
  readonly name: string;
  readonly file: string;
  readonly title: (table: ResultTable) => string;
  /** The table to draw: the first that this is true for. */
  readonly isIn: (table: ResultTable) => boolean;
  /** Rows to draw; all unless told. */
  readonly shows?: (row: ResultTable['rows'][number]) => boolean;
  readonly bars: (row: ResultTable['rows'][number]) => Bar;
}

const gateway = (kind: string): Chart => ({
  name: 'gateway',
  file: `gateway-${kind}`,
  title: ({ heading }) => `CPU for a request in milliseconds, ${heading}: shorter is better`,
  isIn: ({ heading }) => heading.includes(kind),
  bars: (row) => ({ name: row.gateway ?? '', value: Number(row['CPU ms']), isOurs: row.gateway === 'ours' }),
});

const CHARTS: readonly Chart[] = [
  gateway('distinct'),
  gateway('identical'),
  {
    name: 'orders',
    file: 'orders',
    title: () => 'Orders of three lines per second: longer is better',
    isIn: ({ rows }) => rows.some((row) => 'to yardstick' in row),
    // The yardstick at its best, not with each number of connections; and what takes orders.
    shows: ({ way = '' }) => /^(capture|whole gateway)/.test(way) || way.endsWith('function'),
    bars: ({ load, clients, way = '', 'per second': perSecond }) => ({
      name: `${load}, ${clients} clients: ${way.split(',')[0]}`,
      value: Number(perSecond),
      isOurs: way.startsWith('whole'),
    }),
  },
  {
    name: 'shedding',
    file: 'shedding',
    title: () => 'Answered per second, of what was asked at the same time',
    isIn: ({ heading }) => heading.includes('floods'),
    bars: (row) => ({
      name: row.load ?? '',
      value: Number(row['answered per second']),
      isOurs: row.load?.startsWith('orders') ?? false,
    }),
  },
];

for (const { name, file, title, isIn, shows = () => true, bars } of CHARTS) {
  const page = projectFile('bench', 'results', `${name}.md`);
  const table = existsSync(page) ? resultTables(readFileSync(page, 'utf8')).find(isIn) : undefined;
  if (!table) {
    console.log(`${file}: no result of bench:${name} to draw`);
    continue;
  }
  writeFileSync(
    projectFile('bench', 'results', `${file}.svg`),
    barChart(title(table), table.rows.filter(shows).map(bars)),
  );
  console.log(`bench/results/${file}.svg`);
}
