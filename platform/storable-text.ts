import { CommerceError } from './errors.ts';

/** What PostgreSQL refuses, in text or in JSON: the null character, and halves of surrogate pairs. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Whether a text can be stored, and compared with what is stored, as it is. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/**
 * Looks through a value of JSON's kinds.
 * @param skipped name of members that are not looked at
 * @returns where the first text is that cannot be stored, as the names and places that lead there; null when there is none
 */
export function unstorableText(value: unknown, skipped?: string): readonly string[] | null {
  if (typeof value === 'string') return isStorable(value) ? null : [];
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, member] of Object.entries(value)) {
    const path = name === skipped ? null : unstorableText(member, skipped);
    if (path) return [name, ...path];
  }
  return null;
}

/**
 * Refuses input with a text that cannot be stored, before it meets other requests in a batch or a statement.
 * The idempotency key has a refusal of its own.
 * @throws CommerceError BAD_USER_INPUT, naming the field
 */
export function checkTexts(input: object): void {
  const path = unstorableText(input, 'idempotencyKey');
  if (!path) return;
  const field = path.join('.');
  const message = `${field} holds a null character or half of a surrogate pair, which no text may. Send it without.`;
  throw new CommerceError('BAD_USER_INPUT', message, { field });
}
