/** State of the circuit breaker: CLOSED lets calls through, OPEN refuses them, HALF_OPEN tries one. */
export type Circuit = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

/** How one system of record behaves as seen from this process, since the client was created. */
export interface SystemStatistics {
  /** Name given to the client, e.g. WMS. */
  readonly system: string;
  readonly circuit: Circuit;
  /** When the circuit last closed again. Null when it was never open. */
  readonly circuitClosedAt: Date | null;
  /** When an answer was last understood. Null before the first. */
  readonly lastSuccessAt: Date | null;
  readonly lastFailureAt: Date | null;
  /** Code of the last failure, from platform/errors.ts. A refusal (SYSTEM_REJECTED) is an answer, not a failure. */
  readonly lastFailureCode: string | null;
  /** Of the last 512 exchanges, failed ones included, long polls excluded. Null before the first. */
  readonly p95LatencyMillis: number | null;
  readonly exchanges: number;
  readonly failures: number;
  readonly retries: number;
}

const WORST_FIRST: readonly Circuit[] = ['OPEN', 'HALF_OPEN', 'CLOSED'];

/**
 * How a system behaves that stands behind several circuits, such as that of its calls and that of its login: none of them may hide
 * another. The worst circuit counts, and the newest closing; the rest is told of its calls.
 */
export function behindCircuits(calls: SystemStatistics, ...others: readonly SystemStatistics[]): SystemStatistics {
  const all = [calls, ...others];
  const closings = all.flatMap(({ circuitClosedAt }) => circuitClosedAt?.getTime() ?? []);
  return {
    ...calls,
    circuit: WORST_FIRST.find((worst) => all.some(({ circuit }) => circuit === worst)) ?? calls.circuit,
    circuitClosedAt: closings.length === 0 ? null : new Date(Math.max(...closings)),
  };
}

export interface StatisticsRecorder {
  answered(latencyMillis: number | null): void;
  failed(code: string, latencyMillis: number | null): void;
  retried(): void;
  read(circuit: Circuit): Omit<SystemStatistics, 'circuitClosedAt'>;
}

const WINDOW = 512;

export function createStatisticsRecorder(system: string): StatisticsRecorder {
  const latencies: number[] = [];
  let next = 0;
  let lastSuccessAt: Date | null = null;
  let lastFailureAt: Date | null = null;
  let lastFailureCode: string | null = null;
  let exchanges = 0;
  let failures = 0;
  let retries = 0;

  const took = (latencyMillis: number | null) => {
    exchanges += 1;
    if (latencyMillis === null) return;
    latencies[next] = latencyMillis;
    next = (next + 1) % WINDOW;
  };

  return {
    answered(latencyMillis) {
      took(latencyMillis);
      lastSuccessAt = new Date();
    },
    failed(code, latencyMillis) {
      took(latencyMillis);
      failures += 1;
      lastFailureAt = new Date();
      lastFailureCode = code;
    },
    retried() {
      retries += 1;
    },
    read(circuit) {
      const p95LatencyMillis = percentile95(latencies);
      return {
        system,
        circuit,
        lastSuccessAt,
        lastFailureAt,
        lastFailureCode,
        p95LatencyMillis,
        exchanges,
        failures,
        retries,
      };
    },
  };
}

function percentile95(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? null;
}
