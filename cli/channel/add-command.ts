import type { Command } from '../command.ts';

export const addCommand: Command = {
  name: 'add',
  summary: 'Add a channel with its contract, key, price list and safety stock, and run its first query',
  description:
    'The key is printed once, alone on standard output; only its hash is kept. With a gateway at --url the first query\nis run and its answer shown. Nothing is created when the price list is not in the catalogue.',
  arguments: [{ name: 'code', description: 'business key of the channel, such as WEB-FR' }],
  options: {
    kind: {
      description: 'What it is; decides its contract',
      value: 'kind',
      choices: ['storefront', 'point-of-sale', 'marketplace', 'business-to-business', 'social'],
    },
    name: { description: 'Name for people', value: 'text', fallback: 'the code' },
    'price-list': { description: 'Price list that quotes its prices', value: 'code', fallback: 'the code' },
    currency: { description: 'Currency of prices when a request names none', value: 'code', fallback: 'GBP' },
    'safety-stock': { description: 'Units of every SKU that are withheld from it', value: 'units', fallback: '0' },
    'acknowledgement-hours': { description: 'Hours within which it expects an acknowledgement', value: 'hours' },
    client: { description: 'Client id of the key', value: 'id', fallback: 'the code in lower case' },
    scope: { description: 'Scope of the key, instead of the usual ones', value: 'scope', repeatable: true },
    'without-prices': { description: 'Also when the price list is not in the catalogue yet' },
    url: { description: 'A running gateway', value: 'url', fallback: 'http://localhost:$PORT' },
  },
  examples: [
    'npx commerce channel add WEB-FR --kind storefront --price-list WEB --safety-stock 2',
    'npx commerce channel add EBAY --kind marketplace --price-list AMAZON --acknowledgement-hours 4 > ebay.key',
  ],
  run: async (invocation) => (await import('./add.ts')).add(invocation),
};
