import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { projectRoot } from '../platform/paths.ts';
import { RegistryError } from './errors.ts';

/** The registry's files in one state: the working tree, or a commit. Paths are relative to the project, with slashes. */
export interface RegistryFiles {
  /** For messages, such as `the working tree` or `main`. */
  readonly name: string;
  /** @returns the file's text; null when there is none */
  read(path: string): string | null;
  /** @returns the file's bytes; null when there is none */
  readBytes(path: string): Uint8Array | null;
  /** @returns names of the folder's entries, sorted; empty when there is no such folder */
  list(folder: string): readonly string[];
}

/** @param root default: this project */
export function workingTree(root: string = projectRoot): RegistryFiles {
  return {
    name: 'the working tree',
    read: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null),
    readBytes: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path)) : null),
    list: (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : []),
  };
}

/** @throws RegistryError when the file is missing */
export function readRequired(files: RegistryFiles, path: string): string {
  const text = files.read(path);
  if (text === null) throw new RegistryError(`${path} is missing in ${files.name}.`);
  return text;
}

/** Reads YAML (JSON is YAML) of a form. @throws RegistryError that says where the text differs from the form */
export function parseFile<T>(schema: z.ZodType<T>, path: string, text: string): T {
  let value: unknown;
  try {
    value = parseYaml(text, { schema: 'core', maxAliasCount: 0 });
  } catch (error) {
    throw new RegistryError(`${path} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new RegistryError(`${path} is not what it should be:\n${z.prettifyError(result.error)}`);
}

/** A day, such as 2026-11-27. */
export const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'a day, such as 2026-11-27')
  .refine((value) => !Number.isNaN(Date.parse(value)), 'a day of the calendar');

/** A dated version of the contracts, such as 2026-11. */
export const versionName = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a version, such as 2026-11');

/** The name of a contract, such as storefront. */
export const contractName = z.string().regex(/^[a-z][a-z0-9-]*$/, 'a contract, such as storefront');

/** SHA-256 in hex. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');
