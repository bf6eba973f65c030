/**
 * Data that the writer does not write: a value that is not of its type, null where none may be, an object of an
 * unexpected type. What becomes of it (which nulls move up, with which errors) is left to @apollo/gateway.
 */
class Irregular extends Error {}

// One for all: nobody reads its stack, and making one for each such answer would cost more than the answer.
const IRREGULAR = new Irregular('irregular data');

export function irregular(): never {
  throw IRREGULAR;
}

export function isIrregular(error: unknown): boolean {
  return error === IRREGULAR;
}
