/**
 * A workflow engine that forgets nothing and dies where it is told to: a step that is recorded never runs again, one that
 * was cut off does, and only the records outlive a death. Everything else of a run is lost.
 */
export class Death extends Error {}

export const engine = { workflowID: 'w', records: [] as string[], at: 0, moment: 0, dieAt: -1 };

/** A moment at which the process may be killed. */
function mayDie(): void {
  if (engine.moment++ === engine.dieAt) throw new Death('kill -9');
}

/** In place of `@dbos-inc/dbos-sdk`. */
export const dbosModule = () => ({
  DBOSWorkflowConflictError: Death,
  DBOS: {
    get workflowID() {
      return engine.workflowID;
    },
    async runStep(run: () => Promise<unknown>) {
      const place = engine.at++;
      mayDie();
      if (engine.records[place] === undefined) {
        const result = await run();
        mayDie();
        engine.records[place] = JSON.stringify({ result }); // as the engine keeps it
      }
      return JSON.parse(engine.records[place] ?? '{}').result;
    },
    recv: async () => null,
    sleep: async () => undefined,
  },
});

/** A port before and after each of whose calls the process may be killed. */
export function mortal<Port extends object>(port: Port): Port {
  return Object.fromEntries(
    Object.entries(port).map(([name, call]) => [
      name,
      // What a port only says of itself is no moment.
      typeof call !== 'function'
        ? call
        : async (...args: readonly unknown[]) => {
            mayDie();
            const result = await call(...args);
            mayDie();
            return result;
          },
    ]),
  ) as Port;
}

/** Runs a workflow, killed at one moment, until it ends. @returns the moments there were */
export async function liveThrough(run: () => Promise<void>, dieAt: number): Promise<number> {
  Object.assign(engine, { records: [], at: 0, moment: 0, dieAt });
  for (let life = 1; life <= 2; life++) {
    engine.at = 0;
    try {
      await run();
      break;
    } catch (error) {
      if (!(error instanceof Death)) throw error;
    }
  }
  return engine.moment;
}
