import type { Command, Topic } from '../command.ts';
import { checkCommand } from './check-command.ts';

const reason = { description: 'Why, for the audit; no personal data', value: 'text' };
const cohort = { description: 'Only this cohort of the domain', value: 'name', fallback: 'what is in no cohort' };

const drift: Command = {
  name: 'drift',
  summary: 'Show what the system that is asked beside the system of record answers otherwise',
  description: 'Exit code 1 while it cannot be promoted.',
  arguments: [{ name: 'domain', description: 'such as product; all when left out', optional: true }],
  options: { json: { description: 'One JSON object per pair of systems' } },
  examples: ['npx commerce systems drift', 'npx commerce systems drift product --json'],
  run: async (invocation) => (await import('./drift.ts')).drift(invocation),
};

const promote: Command = {
  name: 'promote',
  summary: 'Make another system the system of record of a domain, once it answers the same',
  description:
    'Refused with the figures, exit code 1, until as many samples are clean as config/systems.yaml asks for. In force at once in all processes.',
  arguments: [{ name: 'domain', description: 'product' }],
  options: { to: { description: 'The system', value: 'name' }, cohort, reason },
  examples: ['npx commerce systems promote product --to tryton --reason "Two weeks without a difference"'],
  run: async (invocation) => (await import('./move.ts')).promote(invocation),
};

const rollback: Command = {
  name: 'rollback',
  summary: 'Go back to the system of record that a domain had before its last move',
  description: 'Asks for no clean samples. In force at once in all processes.',
  arguments: [{ name: 'domain', description: 'product' }],
  options: { cohort, reason },
  examples: ['npx commerce systems rollback product --reason "Prices of bundles are wrong"'],
  run: async (invocation) => (await import('./move.ts')).rollback(invocation),
};

const history: Command = {
  name: 'history',
  summary: 'List promotions and rollbacks: when, who, why, on which figures',
  run: async (invocation) => (await import('./history.ts')).history(invocation),
};

export const systemsTopic: Topic = {
  name: 'systems',
  summary: 'Systems of record: check a mapping, compare a second system with the first, promote it, go back',
  commands: [checkCommand, drift, promote, rollback, history],
};
