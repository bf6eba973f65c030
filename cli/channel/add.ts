import { CONTRACT_OF_KIND } from '../../gateway/access/channels.ts';
import { openChannel } from '../../gateway/access/open-channel.ts';
import { FIRST_QUERIES } from '../../gateway/http/first-queries.ts';
import type { Channel } from '../../platform/caller.ts';
import type { Knex } from '../../platform/db/database.ts';
import { priceLists } from '../../subgraphs/product/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { CommandFailure, usage } from '../failure.ts';
import { readScopes } from '../key/read-rights.ts';
import { withStore } from '../store.ts';
import type { Terminal } from '../terminal.ts';
import { tryQuery } from './first-query.ts';

/** `commerce channel add` */
export async function add(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const channel = readChannel(invocation);
  const contract = CONTRACT_OF_KIND[channel.kind];
  const scopes = readScopes(invocation.values('scope'));
  const clientId = invocation.value('client') ?? channel.code.toLowerCase();
  const { key, port } = await withStore(async ({ knex, config }) => {
    if (!invocation.flag('without-prices')) await assertPrices(knex, channel);
    const rights = { clientId, contracts: [contract], ...(scopes.length > 0 ? { scopes } : {}) };
    return { key: await openChannel(knex, { channel, key: rights }), port: config.port };
  });
  if (key === null)
    throw refused(`There is a channel ${channel.code} already. \`commerce key create\` gives it another key.`);

  terminal.note(
    `${terminal.style('green', 'added')} channel ${channel.code}: contract ${contract}, client ${clientId},`,
  );
  terminal.note(`price list ${channel.priceList} in ${channel.currencyCode}, safety stock ${channel.safetyStock}.`);
  terminal.note('Its key, which is shown this once and kept nowhere:');
  terminal.out(key);
  await showFirstQuery(terminal, { url: invocation.value('url') ?? `http://localhost:${port}`, contract, key });
  return EXIT.OK;
}

function readChannel(invocation: Invocation): Channel {
  const [code = ''] = invocation.arguments;
  if (!/^[A-Z0-9][A-Z0-9_-]{0,31}$/.test(code)) {
    throw usage('A channel code is 1 to 32 capital letters, digits, - and _, such as WEB-FR.');
  }
  const kind = invocation.value('kind');
  if (kind === undefined) throw usage('What kind of channel is it? Say --kind storefront, marketplace, …');
  const currencyCode = invocation.value('currency') ?? 'GBP';
  if (!/^[A-Z]{3}$/.test(currencyCode)) throw usage('--currency is an ISO 4217 code, such as GBP.');
  const hours = invocation.value('acknowledgement-hours');
  return {
    code,
    kind: kind.replaceAll('-', '_').toUpperCase() as Channel['kind'],
    name: invocation.value('name') ?? code,
    priceList: invocation.value('price-list') ?? code,
    currencyCode,
    safetyStock: readWhole(invocation.value('safety-stock') ?? '0', '--safety-stock', 'units', 0),
    acknowledgementHours: hours === undefined ? null : readWhole(hours, '--acknowledgement-hours', 'hours', 1),
  };
}

function readWhole(text: string, option: string, unit: string, least: number): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < least)
    throw usage(`${option} takes ${unit} from ${least}, a whole number below a million; got ${JSON.stringify(text)}.`);
  return Number(text);
}

/** Without prices a channel shows products and can sell none of them: better said now than found out by its developers. */
async function assertPrices(knex: Knex, { priceList, currencyCode }: Channel): Promise<void> {
  const lists = await priceLists(knex);
  if (lists.some((list) => list.priceList === priceList && list.currencyCode === currencyCode)) return;
  const known = lists.map((list) => `${list.priceList} in ${list.currencyCode} (${list.products} products)`);
  throw refused(
    `The catalogue has no price list ${priceList} in ${currencyCode}, so the channel could sell nothing. Nothing was created.\n${
      known.length === 0
        ? 'It has none at all yet: start the platform, so that it reads the ERP.'
        : `It has: ${known.join(', ')}. Choose one with --price-list and --currency,`
    }\nor say --without-prices to go on, and have the ERP send the list.`,
  );
}

async function showFirstQuery(
  terminal: Terminal,
  { url, contract, key }: { url: string; contract: string; key: string },
): Promise<void> {
  const query = FIRST_QUERIES[contract]?.[0]?.query.replace(/^#.*\n/gm, '').trim() ?? '{ __typename }';
  terminal.note(`\nA first query:\n\n${query}\n`);
  terminal.note(`curl -s ${url}/graphql -H 'content-type: application/json' -H 'x-api-key: <the key>' \\`);
  terminal.note(`  -d '${JSON.stringify({ query: query.replace(/\s+/g, ' ') })}'\n`);
  const answer = await tryQuery(url, key, query);
  terminal.note(
    answer === null
      ? `No gateway answers at ${url}: run it when one does.`
      : `The gateway at ${url} answers:\n${answer}`,
  );
}

function refused(message: string): CommandFailure {
  return new CommandFailure(EXIT.REFUSED, message);
}
