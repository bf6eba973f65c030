import type { Invocation } from '../command.ts';
import { usage } from '../failure.ts';

/** Names of the options that narrow a list of exceptions. */
const OPTIONS = ['system', 'cause', 'owner', 'operation', 'channel', 'order'];

export function filterOf({ value, values }: Invocation) {
  const causes = values('cause');
  return {
    system: value('system') ?? null,
    cause: causes.length > 0 ? causes : null,
    owner: value('owner') ?? null,
    operationPrefix: value('operation') ?? null,
    channel: value('channel') ?? null,
    orderId: value('order') ?? null,
  };
}

export function isNarrowed({ value }: Invocation): boolean {
  return OPTIONS.some((option) => value(option) !== undefined);
}

/** @throws CommandFailure USAGE when there is none */
export function reasonOf({ value }: Invocation): string {
  const reason = value('reason')?.trim();
  if (!reason || reason.length > 1_000) throw usage('--reason is needed: say in 1 to 1000 characters why.');
  return reason;
}
