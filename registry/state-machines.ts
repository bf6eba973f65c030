import { z } from 'zod';
import { parseFile } from './files.ts';

export const STATES_FILE = 'schema/states.json';

const fileSchema = z.record(z.string(), z.record(z.string(), z.array(z.string())));

/** Transition tables by the enum of the graph that holds their states: state → states that may follow. */
export type StateMachines = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Where the table of each of them is written: a file of the project, and the constant in it. */
export type StateTables = Readonly<Record<string, { readonly file: string; readonly name: string }>>;

/** @throws RegistryError when the text is not what was published */
export function parseStates(text: string): StateMachines {
  return parseFile(fileSchema, STATES_FILE, text);
}
