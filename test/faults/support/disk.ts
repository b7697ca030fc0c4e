/**
 * Disks that can lose their power: ext4 on a loop file. What the file system has not handed to its device yet is not in
 * the file, so a copy of the file is what a power cut at that moment would have left. Needs root on Linux.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEveryTest } from '../../support/cleanup.ts';
import { tempDir } from '../../support/temp-dir.ts';

const mounted = new Set<Disk>();

export class Disk {
  /** Where it is mounted; 0700 and ours. */
  readonly path: string;
  readonly #image: string;

  private constructor(image: string, path: string) {
    this.#image = image;
    this.path = path;
  }

  /** A new one, formatted and mounted. */
  static make(megabytes: number): Disk {
    const dir = tempDir();
    const image = join(dir, 'image');
    writeFileSync(image, '');
    truncateSync(image, megabytes * 1024 * 1024);
    // A small one has no room for the journal that a large one has.
    run('mkfs.ext4', ['-q', '-m', '0', ...(megabytes < 8 ? ['-O', '^has_journal'] : []), image]);
    return Disk.mount(image, join(dir, 'mounted'));
  }

  /**
   * A directory of it as it would be after a power cut right now, on an ordinary disk: a database that was opened keeps its
   * files open until its statements are collected, and nothing with open files can be unmounted.
   */
  cut(directory: string): string {
    const dir = tempDir();
    const image = join(dir, 'image');
    copyFileSync(this.#image, image);
    const copy = Disk.mount(image, join(dir, 'mounted'));
    const left = join(dir, 'left');
    cpSync(join(copy.path, directory), left, { recursive: true });
    chmodSync(left, 0o700);
    copy.unmount();
    rmSync(image);
    return left;
  }

  unmount(): void {
    if (!mounted.delete(this)) return;
    run('umount', [this.path]);
  }

  private static mount(image: string, path: string): Disk {
    mkdirSync(path);
    run('mount', ['-o', 'loop', image, path]);
    const disk = new Disk(image, path);
    mounted.add(disk);
    chmodSync(path, 0o700);
    return disk;
  }
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

// Loaded after `temp-dir`: unmounted before the directories are removed. A relay that a failed test left there may still
// run: the disk goes when it does.
afterEveryTest(() => {
  for (const disk of [...mounted]) run('umount', ['-l', disk.path]);
  mounted.clear();
});
