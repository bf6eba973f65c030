/** What a command's exit code says. Documented in docs/schema-registry.md; a code is never 0 on failure. */
export const EXIT = {
  /** Done, or the check passed. */
  OK: 0,
  /** The check failed, or what was asked for was refused. Nothing is broken. */
  REFUSED: 1,
  /** The command line is wrong. Nothing was done. */
  USAGE: 2,
  /** Something around the command is missing or wrong: a file, git, a database. */
  ENVIRONMENT: 3,
  /** A defect of this program. */
  DEFECT: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
