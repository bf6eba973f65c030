import { GATEWAYS } from './gateways.ts';

// One gateway in a process of its own: `gateway-process.js <name>`; the parent sends the supergraph.
const start = GATEWAYS[process.argv[2] ?? ''];
if (!start) throw new Error(`no gateway ${process.argv[2]}: ${Object.keys(GATEWAYS).join(', ')}`);
process.once('message', ({ supergraph }: { supergraph: string }) => {
  void start(supergraph).then((port) => process.send?.({ port }));
});
// Ends as a process does, so that a profile is written.
process.once('SIGTERM', () => process.exit(0));
