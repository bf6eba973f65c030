import type { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** An option of a command: `--name`, or `--name <value>`. */
export interface Option {
  readonly description: string;
  /** What the value is, such as `file`. Absent: the option is a flag. */
  readonly value?: string;
  /** The only values that are accepted. */
  readonly choices?: readonly string[];
  /** The value without the option. Only said in the help: the command applies it. */
  readonly fallback?: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
}

/** A positional argument. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  readonly optional?: boolean;
  /** Takes all that follow. Only the last one may. */
  readonly many?: boolean;
}

/** What a command was called with. */
export interface Invocation {
  readonly arguments: readonly string[];
  /** @returns the option's value; undefined when it was not given */
  value(option: string): string | undefined;
  values(option: string): readonly string[];
  flag(option: string): boolean;
  readonly terminal: Terminal;
}

/** Something to run. Its code is loaded when it runs, so that help and completion need not load the graph's libraries. */
export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What the summary leaves out. */
  readonly description?: string;
  readonly arguments?: readonly Argument[];
  readonly options?: Readonly<Record<string, Option>>;
  readonly examples?: readonly string[];
  run(invocation: Invocation): Promise<ExitCode>;
}

/** A group of commands. */
export interface Topic {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly (Command | Topic)[];
}

export function isTopic(entry: Command | Topic): entry is Topic {
  return 'commands' in entry;
}
