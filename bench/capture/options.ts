import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { projectFile } from '../../platform/paths.ts';

export type Load = 'spread' | 'hot' | 'store';

export interface BenchOptions {
  /** Length of each point. */
  readonly seconds: number;
  readonly clients: readonly number[];
  /** Spread goods, one that all want, or spread goods that are fetched from a store: those fit no batch. */
  readonly loads: readonly Load[];
  /** Whether to run pgbench, the same rows without checks, our engine without the gateway, all of it over HTTP, or a mutation that does nothing over HTTP. */
  readonly runs: (way: 'pgbench' | 'bare' | 'engine' | 'gateway' | 'floor') => boolean;
}

/** `--seconds 6 --clients 1,50,500 --loads spread,hot`; a short run is `--seconds 1 --clients 20`. To profile: `--ways engine`. */
export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '6' },
      clients: { type: 'string', default: '1,50,500' },
      loads: { type: 'string', default: 'spread,hot' },
      ways: { type: 'string', default: 'pgbench,bare,engine,gateway,floor' },
    },
  });
  return {
    seconds: Number(values.seconds),
    clients: values.clients.split(',').map(Number),
    runs: (way) => values.ways.split(',').includes(way),
    loads: values.loads.split(',').filter((load) => load === 'spread' || load === 'hot' || load === 'store'),
  };
}

/** Prints the report and keeps it under bench/results. */
export function report(name: string, text: string): void {
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, ${new Date().toISOString()}`;
  const page = `# ${name}\n\n${machine}\n\n${text}\n`;
  console.log(page);
  mkdirSync(projectFile('bench', 'results'), { recursive: true });
  writeFileSync(projectFile('bench', 'results', `${name}.md`), page);
}
