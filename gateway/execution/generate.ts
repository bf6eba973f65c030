/**
 * Makes a function of code that was put together while an operation was compiled. Engines remember for each place in the
 * code which objects come by: code of its own for each fetch reads and writes their fields as fast as can be, where one
 * function for all fetches would look every name up.
 *
 * The code must hold nothing of a client but response names, which the grammar of GraphQL confines to letters, digits and
 * `_`; every other text goes through JSON.stringify.
 * @param values what the code refers to, by name
 * @param code a function body that returns the function
 */
export function generate<Fn>(values: Readonly<Record<string, unknown>>, code: string): Fn {
  // oxlint-disable-next-line typescript/no-implied-eval -- see above on what the code is made of
  return new Function(...Object.keys(values), `"use strict";${code}`)(...Object.values(values)) as Fn;
}

/**
 * Reads a field, in generated code.
 * @throws Error for a name that is none of GraphQL's: nothing else may get into code
 */
export function fieldOf(object: string, name: string): string {
  if (!/^[_A-Za-z]\w*$/.test(name)) throw new Error('not a name of GraphQL');
  return `${object}.${name}`;
}
