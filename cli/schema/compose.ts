import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { projectFile } from '../../platform/paths.ts';
import { composeSupergraph } from '../../registry/compose.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

/** `commerce schema compose` */
export async function compose(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const result = composeSupergraph();
  if (result.kind === 'failed') {
    for (const error of result.errors) terminal.note(`${terminal.style('red', 'error')} ${error}`);
    return EXIT.REFUSED;
  }
  const output = invocation.value('output');
  if (output === '-') {
    terminal.out(result.supergraphSdl.trimEnd());
    return EXIT.OK;
  }
  const target = output === undefined ? projectFile('schema', 'supergraph.graphql') : resolve(output);
  if (invocation.flag('check')) {
    if (existsSync(target) && readFileSync(target, 'utf8') === result.supergraphSdl) return EXIT.OK;
    terminal.note(`${target} is out of date: run \`npm run schema:compose\` and commit the result.`);
    return EXIT.REFUSED;
  }
  writeFileSync(target, result.supergraphSdl);
  for (const hint of result.hints) terminal.note(`${terminal.style('yellow', 'hint')} ${hint}`);
  terminal.out(`composed ${target}`);
  return EXIT.OK;
}
