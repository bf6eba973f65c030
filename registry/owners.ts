import { z } from 'zod';
import { parseFile, type RegistryFiles, readRequired } from './files.ts';

const FILE = 'schema/owners.yaml';
const team = z.strictObject({ name: z.string().min(1), contact: z.string().min(1) });
const fileSchema = z.strictObject({
  teams: z.record(z.string(), team),
  subgraphs: z.record(z.string(), z.string()),
  types: z.record(z.string(), z.string()).default({}),
  parts: z.record(z.string(), z.string()).default({}),
});

/** Who answers for what: a team for each subgraph and other part that sends or reads events, and for types that several share. */
export interface Owners {
  /** @param parts by name: subgraphs that define the element, or who sends and reads; @returns names of teams, without repetition */
  of(type: string, parts: readonly string[]): readonly string[];
  /** @returns how to reach a team; undefined when it is not listed */
  contact(team: string): string | undefined;
  /** Names of the teams. */
  readonly teams: readonly string[];
  /** Names of the subgraphs that have an owner. */
  readonly subgraphs: readonly string[];
}

/** @throws RegistryError when the file names a team that it does not list */
export function readOwners(files: RegistryFiles): Owners {
  const { teams, subgraphs, types, parts } = parseFile(
    fileSchema.superRefine((file, context) => {
      for (const [section, entries] of Object.entries({
        subgraphs: file.subgraphs,
        types: file.types,
        parts: file.parts,
      }))
        for (const [name, owner] of Object.entries(entries))
          if (!Object.hasOwn(file.teams, owner))
            context.addIssue({ code: 'custom', path: [section, name], message: `${owner} is not listed under teams` });
    }),
    FILE,
    readRequired(files, FILE),
  );
  return {
    of: (type, names) => {
      const own = types[type];
      if (own !== undefined) return [own];
      return [...new Set(names.flatMap((name) => subgraphs[name] ?? parts[name] ?? []))];
    },
    contact: (name) => teams[name]?.contact,
    teams: Object.keys(teams),
    subgraphs: Object.keys(subgraphs),
  };
}
