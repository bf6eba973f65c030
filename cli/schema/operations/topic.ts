import type { Topic } from '../../command.ts';

const client = { description: 'The client id of the API key or token that sends them', value: 'client' };
const contract = { description: 'The contract they are for', value: 'contract' };

export const operationsTopic: Topic = {
  name: 'operations',
  summary: 'Trusted documents: which operations each client has registered',
  commands: [
    {
      name: 'push',
      summary: 'Register the documents of a client',
      description:
        "Takes .graphql files, folders of them, or what a client's build writes: a manifest of Apollo, Relay, urql or GraphQL\nCode Generator. Each must be valid against the published contract. Documents that are registered already stay.",
      arguments: [{ name: 'path', description: 'files, folders or manifests', many: true }],
      options: {
        client,
        contract,
        owner: {
          description:
            'Team of schema/owners.yaml to ask before one of them is broken; needed once per client, and to change it',
          value: 'team',
        },
        'client-version': { description: 'Version of the client that sends them', value: 'version' },
        version: {
          description: 'Dated version they are written against',
          value: 'YYYY-MM',
          fallback: 'the current one',
        },
      },
      examples: [
        'npx commerce schema operations push --client web-shop --contract storefront --owner shop-front --client-version 4.2.0 persisted-documents.json',
      ],
      run: async (invocation) => (await import('./push.ts')).push(invocation),
    },
    {
      name: 'list',
      summary: 'List registered documents, and when each was last seen',
      options: {
        client: { ...client, description: 'Only of this client' },
        contract: { ...contract, description: 'Only for this contract' },
        format: { description: 'How to print', value: 'format', choices: ['text', 'json'], fallback: 'text' },
      },
      run: async (invocation) => (await import('./list.ts')).list(invocation),
    },
    {
      name: 'remove',
      summary: 'Remove documents of a client that it no longer sends',
      description: 'Refuses to remove what recorded usage has seen, unless forced.',
      options: {
        client,
        operation: { description: 'Those with an operation of this name', value: 'name', repeatable: true },
        sha256: { description: 'The one whose hash begins so', value: 'hash', repeatable: true },
        'client-version': { description: 'Those that only this version of the client sends', value: 'version' },
        force: { description: 'Also what has been seen in use' },
      },
      examples: ['npx commerce schema operations remove --client web-shop --client-version 3.9.0'],
      run: async (invocation) => (await import('./remove.ts')).remove(invocation),
    },
  ],
};
