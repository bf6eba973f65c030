import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { checkHistory, report } from './check.ts';
import { startCrashableDatabase } from './database.ts';
import { readHistory } from './history.ts';

// Usage: node --import ./test/helpers/run-typescript.js test/chaos/check-history.ts <history.jsonl> [--database <url>]
// Without a URL the database of the run is started, in the folder of the history, and stopped again.
const { values, positionals } = parseArgs({ allowPositionals: true, options: { database: { type: 'string' } } });
const [file] = positionals;
if (!file) {
  process.stderr.write(
    'Give the history: check-history.ts <folder>/history.jsonl [--database postgresql://…/commerce]\n',
  );
  process.exit(2);
}
const server = values.database ? null : await startCrashableDatabase(dirname(file));
const findings = await checkHistory(await readHistory(file), values.database ?? server?.url ?? '');
await server?.stop();
process.stdout.write(report(findings));
process.exit(findings.some((finding) => finding.faults.length > 0) ? 1 : 0);
