import { userInfo } from 'node:os';

/** Who runs the command, for the audit. A container's user may have no name. */
export function commandActor(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    return 'cli:unknown';
  }
}
