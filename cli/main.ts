import { commands } from './commands.ts';
import { runCommandLine } from './run.ts';
import { processTerminal } from './terminal.ts';

// A reader that has seen enough (`commerce … | head`) closes the pipe: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.exitCode = await runCommandLine(commands, process.argv.slice(2), processTerminal(process.env));
