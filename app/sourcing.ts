import { readFileSync } from 'node:fs';
import type { ExceptionDesk } from '../orchestrator/port.ts';
import { adviceOnCodes, type KnownCodes, unknownCodes } from '../orchestrator/sourcing/known-codes.ts';
import type { SourcingRules } from '../orchestrator/sourcing/model.ts';
import { loadSourcingRules } from '../orchestrator/sourcing/rules.ts';
import { CommerceError, isCommerceError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { randomText } from '../platform/random-bytes.ts';

/** Names the trouble with the file on the exception desk. */
const KEY = 'sourcing:rules';

export interface SourcingDeps {
  /** Absolute path of the rules. */
  readonly file: string;
  /** Codes that are known here as this begins: a file that is wrong in itself is refused with all that is wrong with it. */
  readonly known?: KnownCodes | undefined;
  /** Codes that are known at this moment; no nodes before the warehouse's sites were read for the first time. */
  readonly knownCodes: () => Promise<KnownCodes>;
  /** Reads the warehouse's sites again. */
  readonly readSites: (signal: AbortSignal) => Promise<void>;
  readonly exceptions: ExceptionDesk;
  readonly logger: Logger;
}

/** The sourcing rules as they are in force, and the way of a changed file into force. */
export interface LiveSourcing {
  /** The rules in force. */
  readonly current: SourcingRules;
  /**
   * Compares the rules with the nodes and channels that exist, once before work begins. Where the warehouse's sites cannot
   * be read, a name that is not known may be a new node: it is told on the desk, and work begins.
   * @throws CommerceError CONFIGURATION_INVALID with every place that names a node or a channel which does not exist
   */
  verify(signal: AbortSignal): Promise<void>;
  /** Takes a changed file over. One that is wrong is refused: the rules stay, and its owner is told on the exception desk. */
  look(): Promise<void>;
}

/** @throws CommerceError CONFIGURATION_INVALID when the file cannot be meant */
export function openSourcing(deps: SourcingDeps): LiveSourcing {
  const { file, exceptions, logger } = deps;
  let current = loadSourcingRules(file, deps.known);
  /** The text of the rules in force; and again, when their nodes were found to exist. */
  let inForce = readText(file);
  let settled: string | null | undefined;
  let told: string | null = null;

  /** What is wrong with the codes that the rules name. Null: nothing; undefined: nothing so far, but not all is known yet. */
  async function problemWith(rules: SourcingRules, known?: KnownCodes): Promise<string | null | undefined> {
    const { nodes, channels } = known ?? (await deps.knownCodes());
    const places = unknownCodes(rules, { nodes, channels });
    if (places.length > 0) return `${file}: ${places.join('; ')}. ${adviceOnCodes(places, { nodes, channels })}`;
    return nodes.length === 0 || channels.length === 0 ? undefined : null;
  }

  const refused = (problem: string) => new CommerceError('CONFIGURATION_INVALID', problem);

  async function tell(problem: string): Promise<void> {
    if (problem === told) return;
    told = problem;
    logger.warn({ problem }, 'sourcing rules are wrong');
    await exceptions.raise({
      key: KEY,
      cause: 'VALIDATION',
      system: 'commerce',
      operation: 'sourcing:load-rules',
      message: problem,
      orderId: null,
      channelCode: null,
      workflowId: null,
      traceId: randomText(16, 'hex'),
    });
  }

  async function settle(text: string | null): Promise<void> {
    settled = text;
    told = null;
    await exceptions.resolve(KEY, 'the file is right');
  }

  return {
    get current() {
      return current;
    },

    async verify(signal) {
      let problem = await problemWith(current);
      if (problem === undefined) return; // the first look after the sites were read
      if (problem !== null) {
        try {
          await deps.readSites(signal);
        } catch (error) {
          logger.warn(
            { err: error },
            'the sites of the warehouse could not be read: unknown nodes in the sourcing rules may be new ones',
          );
          // Channels are ours: what is said of them is certain.
          const certain = await problemWith(current, { ...(await deps.knownCodes()), nodes: [] });
          if (certain != null) throw refused(certain);
          return tell(problem);
        }
        problem = await problemWith(current);
        if (problem != null) throw refused(problem);
      }
      await settle(inForce);
    },

    async look() {
      const text = readText(file);
      if (text === settled && told === null) return;
      const isChanged = text !== inForce;
      let next = current;
      let problem: string | null | undefined;
      try {
        if (isChanged) next = loadSourcingRules(file, await deps.knownCodes());
        problem = await problemWith(next);
      } catch (error) {
        if (!isCommerceError(error) || error.code !== 'CONFIGURATION_INVALID') throw error;
        problem = error.message;
      }
      if (problem === undefined) return; // not all is known yet: what they name cannot be judged
      if (problem !== null)
        return tell(
          `${isChanged ? 'The changed sourcing rules are refused, those before stay in force. ' : ''}${problem}`,
        );
      current = next;
      inForce = text;
      await settle(text);
      if (isChanged) logger.info({ rules: current.rules.length }, 'changed sourcing rules are in force');
    },
  };
}

/** Null for a file that cannot be read: reading it as rules says why. */
function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
