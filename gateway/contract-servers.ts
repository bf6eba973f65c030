import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { Logger } from '../platform/logger.ts';
import { sealError } from './client-errors.ts';
import type { GatewayContext } from './context.ts';
import { answerFrame } from './execution/written-data.ts';
import { costReport } from './guards/cost-report.ts';
import { errorTrace } from './http/error-trace.ts';
import { legacyStatus } from './http/legacy-status.ts';
import { overloadStatus } from './http/overload-status.ts';
import { refusalLog } from './http/refusal-log.ts';
import type { FederationRuntime } from './runtime.ts';

/**
 * Headers that a page of another site cannot send without asking first: a request with one of them is not forged.
 * All of ours carry a credential in one, which no browser adds by itself.
 */
const FORGERY_PROOF_HEADERS = ['x-api-key', 'authorization', 'x-apollo-operation-name', 'apollo-require-preflight'];

/** Servers of earlier versions that are kept. One takes about as much memory as its schema. */
const MAX_FORMER = 24;
/** Longer than any request takes, in milliseconds. */
const RETIRE_MILLIS = 120_000;

/** One Apollo Server for each contract, over the planner and the data sources of one runtime. */
export class ContractServers {
  readonly #runtime: FederationRuntime;
  readonly #logger: Logger;
  readonly #servers = new Map<string, Promise<ApolloServer<GatewayContext>>>();
  /** Servers of earlier versions, the one that was used longest ago first. */
  readonly #former = new Set<string>();

  constructor(runtime: FederationRuntime, logger: Logger) {
    this.#runtime = runtime;
    this.#logger = logger;
  }

  /** Starts the servers of all contracts, so that the first request of none has to wait. */
  async start(): Promise<void> {
    await Promise.all(this.#runtime.contractPaths.map((path) => this.serverFor(path)));
  }

  /** @param contractPath a path that the runtime serves: one that a reload brought is started now */
  serverFor(contractPath: string): Promise<ApolloServer<GatewayContext>> {
    this.#noteUse(contractPath);
    const known = this.#servers.get(contractPath);
    if (known) return known;
    const starting = this.#start(contractPath);
    this.#servers.set(contractPath, starting);
    starting.catch(() => this.#servers.delete(contractPath));
    return starting;
  }

  /** Keeps the servers of earlier versions from growing in number with every version there ever was. */
  #noteUse(contractPath: string): void {
    if (!this.#runtime.formerVersion(contractPath)) return;
    this.#former.delete(contractPath);
    this.#former.add(contractPath);
    const [oldest] = this.#former;
    if (this.#former.size <= MAX_FORMER || oldest === undefined) return;
    this.#former.delete(oldest);
    const server = this.#servers.get(oldest);
    this.#servers.delete(oldest);
    // Its last requests finish first.
    setTimeout(() => void server?.then((each) => each.stop()).catch(() => undefined), RETIRE_MILLIS).unref();
  }

  async stop(): Promise<void> {
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    await Promise.all(servers.map(async (server) => (await server).stop()));
  }

  async #start(contractPath: string): Promise<ApolloServer<GatewayContext>> {
    const server = new ApolloServer<GatewayContext>({
      gateway: this.#runtime.gatewayFor(contractPath),
      logger: this.#logger,
      introspection: true, // of the contract, for whoever may speak it
      csrfPrevention: { requestHeaders: FORGERY_PROOF_HEADERS },
      allowBatchedHttpRequests: false,
      persistedQueries: false,
      hideSchemaDetailsFromClientErrors: true,
      includeStacktraceInErrorResponses: false,
      formatError: (formatted) => sealError(formatted),
      stringifyResult: answerFrame,
      stopOnTerminationSignals: false,
      nodeEnv: 'production',
      plugins: [
        errorTrace,
        legacyStatus,
        overloadStatus,
        costReport,
        refusalLog(this.#logger),
        ApolloServerPluginCacheControlDisabled(),
        ApolloServerPluginInlineTraceDisabled(),
        ApolloServerPluginLandingPageDisabled(),
        ApolloServerPluginSchemaReportingDisabled(),
        ApolloServerPluginUsageReportingDisabled(),
      ],
    });
    await server.start();
    return server;
  }
}
