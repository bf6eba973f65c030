import { EXIT, type ExitCode } from './exit-codes.ts';

/** Ends a command with a message for the person at the terminal: what is wrong, and what to do. No stack is shown. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: Exclude<ExitCode, 0>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}

export const usage = (message: string): CommandFailure => new CommandFailure(EXIT.USAGE, message);

export const environment = (message: string, cause?: unknown): CommandFailure =>
  new CommandFailure(EXIT.ENVIRONMENT, message, { cause });
