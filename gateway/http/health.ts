/** What a process is made of, for whoever looks at `/health/ready`. */
export interface ReadinessFacts {
  /** Where the operational store is. */
  readonly database: 'embedded' | 'external';
  /** Adapter of the event log, e.g. postgres. */
  readonly eventLog: string;
  /** Anything else worth knowing, e.g. how subgraphs are reached. No secrets, no addresses. */
  readonly [fact: string]: string;
}

export interface HealthOptions {
  readonly facts: ReadinessFacts;
  /** Resolves, with more that is worth knowing, when the process can answer queries; rejects when it cannot. */
  readonly check: () => Promise<Readonly<Record<string, string>> | undefined>;
}

export interface HealthReport {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Longest wait for the check, in milliseconds: an orchestrator gives up sooner than a hanging database. */
const CHECK_MILLIS = 2_000;

/** What is served: null while the process is stopping. */
export type Served = { readonly supergraphId: string; readonly isCurrent: boolean } | null;

/** A process whose newest publication was rejected is ready: it serves the one before. The log says why. */
export async function readiness(options: HealthOptions, served: Served): Promise<HealthReport> {
  const supergraphId = served?.supergraphId ?? null;
  const publication = served?.isCurrent === false ? 'rejected, the former one is served' : 'current';
  const uses = { ...options.facts, supergraph: supergraphId?.slice(0, 12) ?? null, publication };
  if (supergraphId === null) return { status: 503, body: { status: 'stopping', uses } };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), CHECK_MILLIS);
  });
  try {
    const found = await Promise.race([options.check(), late]);
    return { status: 200, body: { status: 'ready', uses: { ...uses, ...found } } };
  } catch {
    return { status: 503, body: { status: 'not ready', uses } };
  } finally {
    clearTimeout(timer);
  }
}
