import type { Topic } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { CommandFailure } from './failure.ts';
import { help } from './help.ts';
import { readInvocation, readRequest } from './parse.ts';
import type { Terminal } from './terminal.ts';

/**
 * Runs one command line. Never throws: what goes wrong is said in one message and in the exit code.
 * @param words the command line without the program's own name
 */
export async function runCommandLine(root: Topic, words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    const request = readRequest(root, words);
    if (request.kind === 'help') {
      terminal.out(help(request.path, terminal.style));
      return EXIT.OK;
    }
    return await request.command.run(readInvocation(request.path, request.command, request.rest, terminal));
  } catch (error) {
    if (error instanceof CommandFailure) {
      terminal.note(terminal.style('red', error.message));
      return error.exitCode;
    }
    if (isUserFacing(error)) {
      terminal.note(terminal.style('red', error.message));
      return 'refused' in error && error.refused === true ? EXIT.REFUSED : EXIT.ENVIRONMENT;
    }
    if (isFileTrouble(error)) {
      terminal.note(terminal.style('red', error.message));
      return EXIT.ENVIRONMENT;
    }
    terminal.note(
      `A defect of this program, please report it: ${error instanceof Error ? error.stack : String(error)}`,
    );
    return EXIT.DEFECT;
  }
}

/** A file or folder that cannot be read or written: the message names it, and what the system says of it. */
function isFileTrouble(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'path' in error;
}

/** Errors that other folders throw for people to read say so, because an `instanceof` would need every class here. */
function isUserFacing(error: unknown): error is Error {
  return error instanceof Error && 'forPeople' in error && error.forPeople === true;
}
