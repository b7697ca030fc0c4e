/**
 * Which SQLite: the one in Node where it is new enough, else the packaged one, which has the same interface. Before
 * 3.51.3 a reset of the write-ahead log can corrupt it (sqlite.org/wal.html, "WAL-reset bug").
 */
import type { Database } from '../state/store.ts';

type Constructor = new (path: string) => Database;

const NEEDED = [3, 51, 3] as const;

export function isNewEnough(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [i, needed] of NEEDED.entries()) {
    const part = parts[i] ?? 0;
    if (part !== needed) return part > needed;
  }
  return true;
}

/** Opens a database file, or `:memory:`. */
export async function openDatabase(path: string): Promise<Database> {
  const open = await loadDriver();
  return open(path);
}

/** The way to open databases, once its driver is loaded: for whoever must do it without waiting. */
export async function loadDriver(): Promise<(path: string) => Database> {
  const Driver = builtIn() ?? (await packaged());
  return (path) => new Driver(path);
}

function builtIn(): Constructor | undefined {
  const module = process.getBuiltinModule?.('node:sqlite') as { DatabaseSync: Constructor } | undefined;
  if (!module) return undefined;
  const probe = new module.DatabaseSync(':memory:');
  const row = probe.prepare('SELECT sqlite_version() AS version').get() as { version: string };
  probe.close();
  return isNewEnough(row.version) ? module.DatabaseSync : undefined;
}

async function packaged(): Promise<Constructor> {
  const { DatabaseSync } = await import('@photostructure/sqlite');
  return DatabaseSync as unknown as Constructor;
}
