import type { Command, Topic } from '../command.ts';

const events: Command = {
  name: 'events',
  summary: 'Hand events of the log to one consumer once more; no other hears of it',
  description:
    'A worker does it beside live traffic, in order, and goes on after a restart. The consumers know what they have handled:\nan event that had its effect has no second one. What is handled now resolves the exception about it; what fails gets one.',
  options: {
    consumer: { description: 'Group of readers, such as settlement:orders', value: 'name' },
    from: { description: 'First event: its sequence or number, or a time', value: 'place' },
    to: { description: 'Last event, likewise', value: 'place', fallback: 'the newest' },
    type: { description: 'Only events of this type, such as order-placed.v1', value: 'type', repeatable: true },
    subject: { description: 'Only events about this object', value: 'id' },
    reason: { description: 'Why, for the audit; no personal data', value: 'text' },
    'dry-run': { description: 'Only say how many events it would be' },
    'no-wait': { description: 'Do not wait until it is finished' },
  },
  examples: [
    'npx commerce replay events --consumer settlement:orders --from 2026-11-26T00:00:00Z --dry-run',
    'npx commerce replay events --consumer orchestrator --from 5560 --to 5600 --reason "Reaction was broken"',
  ],
  run: async (invocation) => (await import('./events.ts')).events(invocation),
};

const workflow: Command = {
  name: 'workflow',
  summary: 'Run a workflow that has ended again from one of its steps',
  description:
    'Refused where a step from there on could have a second effect, and while the workflow is under way.\nSteps that a system knows by a key of ours have none: it answers as the first time.',
  arguments: [{ name: 'id', description: 'workflow, such as shipment:shp_…' }],
  options: {
    'from-step': { description: 'Step to begin with, such as post-invoice', value: 'name' },
    reason: { description: 'Why, for the audit; no personal data', value: 'text' },
    'no-wait': { description: 'Do not wait until a worker has taken it' },
  },
  examples: ['npx commerce replay workflow shipment:shp_… --from-step post-invoice --reason "ERP was restored"'],
  run: async (invocation) => (await import('./workflow.ts')).workflow(invocation),
};

export const replayTopic: Topic = {
  name: 'replay',
  summary: 'Replay events to a consumer, or a workflow from a step, without a second effect',
  commands: [events, workflow],
};
