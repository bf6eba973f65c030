/** One part of the work, with a bar of its own. */
export interface Stage {
  /** There is more to do than was known. */
  grow(items: number): void;
  advance(items: number): void;
  /** @param summary what was done, in one line */
  end(summary: string): void;
}

/** Shows how far the work is. */
export interface Progress {
  stage(name: string, total: number, unit: string): Stage;
}

/** What of a stream is needed: `process.stderr`, or a test's. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BAR_WIDTH = 30;
const NAME_WIDTH = 12;
/** A terminal is redrawn at most this often, in milliseconds. */
const REDRAW_MILLIS = 100;
/** Elsewhere a line of a long stage is written at most this often, in milliseconds: a log is not a film. */
const LINE_MILLIS = 10_000;

/** A bar that is redrawn in place on a terminal; plain lines in a file, a pipe or a CI log. */
export function createProgress(screen: Screen, now: () => number = () => performance.now()): Progress {
  const live = screen.isTTY === true;
  return {
    stage(name, total, unit) {
      const startedAt = now();
      const label = name.padEnd(NAME_WIDTH);
      let all = total;
      let done = 0;
      let shownAt = live ? Number.NEGATIVE_INFINITY : startedAt;
      const seconds = () => `${((now() - startedAt) / 1000).toFixed(0)} s`;
      const draw = () => {
        const counts = `${count(done)} of ${count(all)} ${unit}`;
        if (!live) return screen.write(`${label} ${counts}, ${seconds()}\n`);
        const filled = all === 0 ? BAR_WIDTH : Math.floor((Math.min(done, all) / all) * BAR_WIDTH);
        const line = `${label} ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${counts}, ${seconds()}`;
        return screen.write(`\r${line.slice(0, (screen.columns ?? 80) - 1)}\u001b[K`);
      };
      const show = () => {
        if (now() - shownAt < (live ? REDRAW_MILLIS : LINE_MILLIS)) return;
        shownAt = now();
        draw();
      };
      show();
      return {
        grow(items) {
          all += items;
          show();
        },
        advance(items) {
          done += items;
          show();
        },
        end(summary) {
          screen.write(`${live ? '\r' : ''}${label} ${summary}, ${seconds()}${live ? '\u001b[K' : ''}\n`);
        },
      };
    },
  };
}

/** 9819 → 9,819. */
export const count = (items: number) => items.toLocaleString('en-GB');
