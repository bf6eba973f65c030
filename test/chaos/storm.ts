import { sleep } from '../../platform/clock.ts';
import type { CrashableDatabase } from './database.ts';
import type { HistoryWriter } from './history.ts';
import type { KeptProcess } from './processes.ts';

export interface Storm {
  /** Share of the faults that have happened, 0 to 1. */
  readonly progress: number;
  readonly kills: number;
  readonly crashes: number;
  readonly over: Promise<void>;
}

/** Most processes that are down or coming up at once: with more, nothing would be answered, and so nothing broken. */
const MOST_DOWN = 4;

/** Kills processes at random and crashes the database in between, one fault about every `everyMillis`. */
export function startStorm(options: {
  readonly kills: number;
  readonly crashes: number;
  readonly everyMillis: number;
  readonly processes: readonly KeptProcess[];
  readonly database: CrashableDatabase;
  readonly history: HistoryWriter;
}): Storm {
  const { processes, database, history } = options;
  let kills = 0;
  let crashes = 0;
  const total = options.kills + options.crashes;
  const note = (what: string) => history.write({ type: 'fault', at: Date.now(), what });

  async function rage(): Promise<void> {
    while (kills < options.kills || crashes < options.crashes) {
      await sleep(options.everyMillis * (0.5 + Math.random()));
      // The crashes of the database are spread over the kills, the last one near their end.
      if (crashes < options.crashes && kills >= ((crashes + 1) * options.kills) / (options.crashes + 1)) {
        note('the database crashes');
        await database.crash();
        crashes += 1;
        note('the database is back');
        continue;
      }
      const running = processes.filter((process) => process.isUp);
      if (processes.length - running.length >= MOST_DOWN || kills >= options.kills) continue;
      const victim = running[Math.floor(Math.random() * running.length)];
      if (!victim?.kill()) continue;
      kills += 1;
      note(`kill -9 ${victim.name}`);
    }
  }

  return {
    get progress() {
      return total === 0 ? 1 : (kills + crashes) / total;
    },
    get kills() {
      return kills;
    },
    get crashes() {
      return crashes;
    },
    over: rage(),
  };
}
