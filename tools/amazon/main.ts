import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { emptyAccount } from '../../systems/amazon/simulator/account.ts';
import { startAmazonReference } from '../../systems/amazon/simulator/start.ts';

// `npm run start:amazon -- <folder> [--port 4105]`: a server that speaks Amazon's reports API over the settlement reports (V2) in a
// folder, to try the connection without an account. A file's time of change is the time at which Amazon "made" it.
const { values, positionals } = parseArgs({
  options: { port: { type: 'string', default: '4105' } },
  allowPositionals: true,
});
const [folder] = positionals;
if (folder === undefined) {
  console.error('Which folder are the reports in? npm run start:amazon -- <folder>');
  process.exit(2);
}
const account = emptyAccount();
for (const name of readdirSync(folder)) {
  const path = join(folder, name);
  if (!statSync(path).isFile()) continue;
  account.reports.push({ reportId: name, createdAt: statSync(path).mtime, status: 'DONE', content: readFileSync(path, 'utf8') }); // biome-ignore format: one thought
}
const server = await startAmazonReference({ account, refreshToken: 'try', port: Number(values.port), pageSize: 10 });
console.log(`${account.reports.length} reports at ${server.url}. Connect with:

export AMAZON_URL=${server.url} AMAZON_LOGIN_URL=${server.loginUrl}
export AMAZON_CLIENT_ID=try AMAZON_CLIENT_SECRET=try AMAZON_REFRESH_TOKEN=try`);
