import type { EventLog } from '../../events/port.ts';
import { CommerceError } from '../../platform/errors.ts';

/**
 * Refuses what cannot be a sequence of any log, so that a client's mistake is not taken for an expired history.
 * Sequences have a fixed width, so every one has the form of the newest.
 *
 * @throws CommerceError BAD_USER_INPUT
 */
export async function checkSequence(after: string, log: EventLog): Promise<void> {
  if (form(after) === form(await log.head())) return;
  throw new CommerceError('BAD_USER_INPUT', '`after` must be the `sequence` of a message received before.');
}

function form(text: string): string {
  return text.replace(/[0-9a-z]/g, 'x');
}
