import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks per second, on every Linux that is in use. */
const TICKS = 100;

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Ticks of the process itself. */
  readonly own: number;
  /** And of its children that have ended. */
  readonly ticks: number;
}

/**
 * CPU seconds that a process has used, with all its descendants when `family` is set: the backends of a server are its
 * children, but the server of a bench is a child of the bench. NaN where there is no /proc.
 */
export function cpuSecondsOf(root: number, family: boolean): number {
  if (!family) return (processes().find(({ pid }) => pid === root)?.own ?? Number.NaN) / TICKS;
  let members = familyOf(root);
  // A child that ends while they are read may be counted nowhere: neither itself any more, nor yet with its parent.
  for (let before: typeof members = []; members.length > 0 && !isSame(before, members); ) {
    before = members;
    members = familyOf(root);
  }
  return members.length === 0 ? Number.NaN : members.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS;
}

/** CPU seconds that the machine was busy with anything, or that its host gave to other machines. NaN where there is no /proc. */
export function busySeconds(): number {
  try {
    const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split(/\s+/).slice(1, 9).map(Number); // biome-ignore format: one thought
    return [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / TICKS;
  } catch {
    return Number.NaN;
  }
}

const isSame = (some: readonly Process[], others: readonly Process[]) =>
  some.map(({ pid }) => pid).join() === others.map(({ pid }) => pid).join();

function familyOf(root: number): Process[] {
  const all = processes();
  const wanted = new Set([root]);
  for (let size = 0; size < wanted.size; ) {
    size = wanted.size;
    for (const { pid, parent } of all) if (wanted.has(parent)) wanted.add(pid);
  }
  return all.filter(({ pid }) => wanted.has(pid));
}

function processes(): Process[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const text = readFileSync(`/proc/${name}/stat`, 'utf8');
          // The name, in brackets, may hold spaces.
          const fields = text
            .slice(text.lastIndexOf(')') + 2)
            .split(' ')
            .map(Number);
          const own = (fields[11] ?? 0) + (fields[12] ?? 0);
          return [
            { pid: Number(name), parent: fields[1] ?? 0, own, ticks: own + (fields[13] ?? 0) + (fields[14] ?? 0) },
          ];
        } catch {
          return []; // it has just ended
        }
      });
  } catch {
    return [];
  }
}

/** Memory of a process that is in RAM, in megabytes. NaN where there is no /proc. */
export function residentMegabytes(pid: number): number {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1_024;
  } catch {
    return Number.NaN;
  }
}
