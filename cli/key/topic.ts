import type { Command, Topic } from '../command.ts';

const create: Command = {
  name: 'create',
  summary: 'Create an API key; it is printed once, alone on standard output',
  options: {
    client: { description: 'Who holds it', value: 'id' },
    contract: {
      description: 'Contract it may speak; the first is the one of POST /graphql',
      value: 'name',
      repeatable: true,
    },
    channel: { description: 'Channel it sells on; without one it is the back office’s', value: 'code' },
    customer: { description: 'The only customer whose objects it may see', value: 'id' },
    scope: { description: 'Scope, instead of the usual ones of its contracts', value: 'scope', repeatable: true },
    'no-scopes': { description: 'None: reads the open fields, and does none of the things that take a scope' },
  },
  examples: [
    'npx commerce key create --client web-shop-2 --contract storefront --channel WEB > web-shop-2.key',
    'npx commerce key create --client auditor --contract operations --contract finance --no-scopes',
  ],
  run: async (invocation) => (await import('./keys.ts')).create(invocation),
};

const revoke: Command = {
  name: 'revoke',
  summary: 'Revoke an API key; gateways refuse it within 5 seconds, and end the streams it holds',
  arguments: [{ name: 'prefix', description: 'first part of the key, as `commerce key list` shows it' }],
  run: async (invocation) => (await import('./keys.ts')).revoke(invocation),
};

const list: Command = {
  name: 'list',
  summary: 'List the API keys, without anything that could be used as one',
  options: { json: { description: 'One JSON object per key' } },
  run: async (invocation) => (await import('./keys.ts')).list(invocation),
};

export const keyTopic: Topic = {
  name: 'key',
  summary: 'API keys: who may speak which contract',
  commands: [create, revoke, list],
};
