import { nearestPlace, sourcePlaces } from '../../registry/check/graph-places.ts';
import { subgraphSources } from '../../registry/compose.ts';
import { lint } from '../../registry/lint/lint.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { workingRelease } from './working-release.ts';

/** `commerce schema lint` */
export async function lintGraph(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const working = workingRelease();
  if (working.kind === 'failed') {
    for (const error of working.composition.errors) terminal.note(terminal.style('red', String(error)));
    return EXIT.REFUSED;
  }
  const places = sourcePlaces(subgraphSources());
  const findings = lint(working.release.graph.document).map((finding) => ({
    ...finding,
    source: nearestPlace(places, finding.coordinate),
  }));
  if (invocation.value('format') === 'json') terminal.out(JSON.stringify(findings, null, 2));
  else
    for (const { source, rule, message, reason } of findings)
      terminal.out(
        `${source ? `${source.file}:${source.line}` : 'schema/supergraph.graphql'} ${terminal.style('yellow', rule)} ${message} ${terminal.style('dim', reason)}`,
      );
  terminal.note(findings.length === 0 ? 'Nothing to complain about.' : `${findings.length} places to repair.`);
  return findings.length === 0 ? EXIT.OK : EXIT.REFUSED;
}
