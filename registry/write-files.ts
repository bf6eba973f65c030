import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../platform/paths.ts';

/** A file as it is to be; null: it is to go. The path is relative to the project. */
export interface FileChange {
  readonly path: string;
  readonly content: string | Uint8Array | null;
}

/**
 * Writes all or, when the disk refuses, none: everything is written beside its place first, then moved there in the
 * given order. Put last what a running gateway reads.
 */
export function writeFiles(changes: readonly FileChange[], root: string = projectRoot): void {
  const waiting: { from: string; to: string }[] = [];
  try {
    for (const { path, content } of changes) {
      if (content === null) continue;
      const to = join(root, path);
      const from = `${to}.${process.pid}.new`;
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(from, content);
      waiting.push({ from, to });
    }
  } catch (error) {
    for (const { from } of waiting) rmSync(from, { force: true });
    throw error;
  }
  for (const { from, to } of waiting) renameSync(from, to);
  for (const { path, content } of changes) if (content === null) rmSync(join(root, path), { force: true });
}
