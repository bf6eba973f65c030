import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What a process is, as far as this system tells: null when it is gone (or dead and only waiting to be collected by its
 * parent). `birth` tells two processes with one id apart; it is empty where the system does not say.
 */
export function lookAt(pid: number): { birth: string; command: string } | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not allowed to signal it: so it is there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return null;
  }
  if (process.platform === 'linux') return fromProc(pid);
  if (process.platform === 'win32') return { birth: '', command: '' };
  return fromPs(pid);
}

function fromProc(pid: number): { birth: string; command: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces. State is the 3rd, start time the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return { birth: fields[19] ?? '', command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
  } catch {
    return null;
  }
}

function fromPs(pid: number): { birth: string; command: string } | null {
  const ask = (column: string) =>
    execFileSync('/bin/ps', ['-ww', '-p', String(pid), '-o', `${column}=`], { encoding: 'utf8' }).trim();
  try {
    return ask('stat').startsWith('Z') ? null : { birth: ask('lstart'), command: ask('command') };
  } catch {
    return null;
  }
}
