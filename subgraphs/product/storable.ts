/** Longest key, handle or name that the tables are asked for. Nothing longer is stored. */
const MAX_LENGTH = 500;

/**
 * True when a text of a client can be compared with what is stored. Other texts (PostgreSQL refuses the null byte) need
 * no question: nothing has that name.
 */
export function isStorable(text: string): boolean {
  return text.length > 0 && text.length <= MAX_LENGTH && !text.includes('\0');
}
