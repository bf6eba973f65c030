import { parseArgs } from 'node:util';
import { report } from './capture/options.ts';
import { installPeers } from './gateway/install-peers.ts';
import { type Expected, type Measured, measure, start, stop } from './gateway/measure.ts';
import { supergraphAt } from './gateway/shop.ts';

// `npm run bench:gateway`: the scenario of the public gateway benchmark, one gateway process after the other, so that each has
// the machine for itself. A short form: `-- --seconds 1 --warm 2 --rounds 1`. Without Hive: `-- --gateways apollo,ours,floor`.
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '50' },
    kinds: { type: 'string', default: 'distinct,identical' },
    gateways: { type: 'string', default: 'apollo,hive,hive-rust,ours,floor' },
  },
});
const clients = Number(values.clients);
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const names = values.gateways.split(',');
const kinds = values.kinds.split(',');
const peers = names.some((name) => name.startsWith('hive')) ? installPeers() : [];

type Runs = ReadonlyMap<string, Measured[]>;

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

/** How much less CPU a gateway takes than another, paired by round: the machine is not equally fast in all of them. */
function ratio(runs: readonly Measured[], base: readonly Measured[] | undefined): string {
  if (!base) return '';
  return `${median(runs.map(({ cpuMillis }, round) => (base[round]?.cpuMillis ?? Number.NaN) / cpuMillis)).toFixed(1)}×`;
}

function table(kind: string, all: Runs): string {
  const rows = [...all].map(([name, runs]) => {
    const of = (part: keyof Measured, digits = 0) => median(runs.map((run) => run[part])).toFixed(digits);
    const ratios = [ratio(runs, all.get('apollo')), ratio(runs, all.get('hive-rust'))];
    return [name, of('perSecond'), of('cpuMillis', 2), ...ratios, of('p50'), of('p95'), of('p99'), of('megabytes')];
  });
  const head = [
    'gateway',
    'per second',
    'CPU ms',
    'CPU: to apollo',
    'to hive-rust',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'RSS MB',
  ];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `## ${clients} ${kind} clients\n\n${lines.join('\n')}`;
}

const subgraphs = await start('subgraphs-process.js', []);
const expected: Expected = { text: '' };
const measured = new Map<string, Runs>(kinds.map((kind) => [kind, new Map(names.map((name) => [name, []]))]));
try {
  const supergraph = supergraphAt(subgraphs.port);
  for (let round = 0; round < rounds; round++)
    for (const kind of kinds)
      for (const name of names) {
        const load = { clients, seconds, warmSeconds: Number(values.warm), isDistinct: kind !== 'identical' };
        measured
          .get(kind)
          ?.get(name)
          ?.push(await measure(name, supergraph, load, expected));
      }
} finally {
  await stop(subgraphs);
}
const size = `Answer of ${(expected.text.length / 1_000).toFixed(0)} kB, medians of ${rounds} rounds of ${seconds} s. ${peers.join(', ')}`;
report('gateway', [size, ...[...measured].map(([kind, runs]) => table(kind, runs))].join('\n\n'));
