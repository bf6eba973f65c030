import { readFileSync } from 'node:fs';
import { projectFile } from '../../platform/paths.ts';
import { parseOrderLines } from '../../systems/sample-data/order-lines.ts';
import { renderAccount } from './account.ts';
import { ApiRefused, createApi, PlatformSilent } from './api.ts';
import { createGraphQLShop } from './graphql-shop.ts';
import { createProgress } from './progress.ts';
import { replay } from './replay.ts';

// Usage: npm run demo:replay. The account goes to standard output, progress and failures to standard error.
// Ends with 0 when every line is done or refused with a reason, 1 otherwise.

/** Requests at a time. */
const WIDTH = 8;
/** A platform that is starting is waited for, in milliseconds. */
const READY_MILLIS = 5_000;
/** A platform that is restarted in the middle is waited for, in milliseconds. */
const PATIENCE_MILLIS = 120_000;

const say = (text: string) => void process.stderr.write(`${text}\n`);
const url = (process.env.COMMERCE_URL || `http://localhost:${process.env.PORT || 4000}`).replace(/\/+$/, '');

process.once('SIGINT', () => {
  say('\nStopped. Run it again: it goes on where it stopped.');
  process.exit(130);
});

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof PlatformSilent || error instanceof ApiRefused)) throw error;
  say('');
  say(
    error instanceof PlatformSilent
      ? `The gateway at ${url} stopped answering (${error.message}). Start it again with npm start, then run this again: it goes on where it stopped.`
      : `The gateway at ${url} refused a request (${error.code ?? 'no code'}: ${error.message}). The replay needs the keys dev-marketplace and dev-warehouse, which the local default seeds.`,
  );
  process.exitCode = 1;
}

async function run(): Promise<number> {
  const api = createApi({ url, patienceMillis: PATIENCE_MILLIS, pauseMillis: 250 });
  try {
    await api.ready(READY_MILLIS);
  } catch (error) {
    if (!(error instanceof PlatformSilent)) throw error;
    say(`No gateway answers at ${url} (${error.message}).`);
    say('Start it in another terminal with npm start and run this again.');
    say('Does it listen elsewhere? Say where with COMMERCE_URL=http://host:port, or with its PORT.');
    return 1;
  }
  const lines = parseOrderLines(readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8'));
  const startedAt = performance.now();
  const { outcomes, orders } = await replay(lines, {
    shop: createGraphQLShop(api),
    progress: createProgress(process.stderr),
    width: WIDTH,
    pauseMillis: 1_000,
    stallMillis: 180_000,
  });
  say(`Replayed in ${((performance.now() - startedAt) / 1000).toFixed(0)} s.\n`);
  const entries = outcomes.all();
  process.stdout.write(renderAccount(entries, orders));
  return entries.some(({ outcome }) => outcome.kind === 'open') ? 1 : 0;
}
