import { checkClients } from './checks/clients.ts';
import { checkEvents } from './checks/events.ts';
import { checkPayments } from './checks/payments.ts';
import { checkStock } from './checks/stock.ts';
import { checkSystems } from './checks/systems.ts';
import type { Finding } from './finding.ts';
import type { Entry } from './history.ts';
import { digest } from './record.ts';

/** Counts the books from the outside. Needs nothing but the history and the databases, and changes neither. */
export async function checkHistory(entries: readonly Entry[], databaseUrl: string): Promise<Finding[]> {
  const record = digest(entries);
  return [
    ...(await checkClients(record, databaseUrl)),
    ...(await checkPayments(record, databaseUrl)),
    ...(await checkStock(record, databaseUrl)),
    ...(await checkEvents(databaseUrl)),
    ...(await checkSystems(databaseUrl)),
  ];
}

/** A table, the faults below it, and a last line with the sum. */
export function report(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(
    ({ invariant, what, counted, faults }) =>
      `${invariant.padEnd(3)} ${what.padEnd(width)} ${String(counted).padStart(7)} counted ${String(faults.length).padStart(5)} wrong`,
  );
  const faults = findings.flatMap(({ what, faults: found }) =>
    found.slice(0, 20).map((fault) => `  ${what}: ${fault}`),
  );
  const wrong = findings.filter((finding) => finding.faults.length > 0).length;
  return `${[...lines, ...faults].join('\n')}\nChaos checks: ${findings.length - wrong} passed, ${wrong} failed\n`;
}
