import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/util/failure.ts';
import {
  checkPrivateDir,
  createPrivate,
  ensurePrivateDir,
  readPrivate,
  replaceAtomic,
  writeAtomic,
} from '../../src/util/files.ts';
import { tempDir } from '../support/temp-dir.ts';

const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8);

function refusal(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('a private directory', () => {
  const umask = process.umask();
  afterEach(() => {
    process.umask(umask);
  });

  it.each([0o000, 0o022, 0o077, 0o277])('is made 0700 under the umask %i', (mask) => {
    const dir = join(tempDir(), 'state');
    process.umask(mask);
    ensurePrivateDir(dir);
    expect(modeOf(dir)).toBe('700');
  });

  it('is made with its missing parents, all of them closed', () => {
    const root = tempDir();
    process.umask(0);
    ensurePrivateDir(join(root, 'a', 'b'));
    expect([modeOf(join(root, 'a')), modeOf(join(root, 'a', 'b'))]).toEqual(['700', '700']);
  });

  it('may be there already', () => {
    const dir = tempDir();
    ensurePrivateDir(dir);
    ensurePrivateDir(dir);
    expect(modeOf(dir)).toBe('700');
  });

  it.each([0o701, 0o710, 0o750, 0o755, 0o777])(
    'that is loose (%i) is refused, with the command that mends it',
    (mode) => {
      const dir = join(tempDir(), "it's here");
      mkdirSync(dir);
      chmodSync(dir, mode);
      const failure = refusal(() => ensurePrivateDir(dir));
      expect(failure.kind).toBe('unsafe');
      expect(failure.message).toContain(`mode 0${mode.toString(8)}`);
      execFileSync('sh', ['-c', failure.remedy ?? 'false']);
      expect(() => ensurePrivateDir(dir)).not.toThrow();
    },
  );

  it('is not made through a link, nor taken when it is one or a file', () => {
    const root = tempDir();
    mkdirSync(join(root, 'real'), { mode: 0o700 });
    symlinkSync(join(root, 'real'), join(root, 'link'));
    writeFileSync(join(root, 'file'), '');
    expect(refusal(() => ensurePrivateDir(join(root, 'link'))).message).toContain('symbolic link');
    expect(() => ensurePrivateDir(join(root, 'file'))).toThrow();
    expect(refusal(() => checkPrivateDir(join(root, 'file'))).message).toContain('not a directory');
  });

  it.runIf(process.getuid?.() === 0)('of another user is refused', () => {
    const dir = join(tempDir(), 'theirs');
    mkdirSync(dir, { mode: 0o700 });
    chownSync(dir, 12345, 12345);
    expect(refusal(() => ensurePrivateDir(dir)).message).toBe(`${dir} belongs to another user.`);
  });
});

describe('a private file', () => {
  const umask = process.umask();
  afterEach(() => {
    process.umask(umask);
  });

  it.each([0o000, 0o022, 0o277])('is written 0600 under the umask %i, and read back', (mask) => {
    const path = join(tempDir(), 'token');
    process.umask(mask);
    writeAtomic(path, 'secret\n');
    expect([modeOf(path), readPrivate(path)]).toEqual(['600', 'secret\n']);
  });

  it('is replaced as a whole, and nothing else is left in the directory', () => {
    const dir = tempDir();
    const path = join(dir, 'x.json');
    writeAtomic(path, 'a'.repeat(10_000));
    writeAtomic(path, 'b');
    expect(readFileSync(path, 'utf8')).toBe('b');
    expect(readdirSync(dir)).toEqual(['x.json']);
  });

  it('becomes tight again when it is replaced', () => {
    const path = join(tempDir(), 'x');
    writeFileSync(path, 'old');
    chmodSync(path, 0o666);
    writeAtomic(path, 'new');
    expect(modeOf(path)).toBe('600');
  });

  it('leaves no temporary file behind when it cannot be put in place', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'taken'));
    expect(() => writeAtomic(join(dir, 'taken'), 'x')).toThrow();
    expect(readdirSync(dir)).toEqual(['taken']);
  });

  it('is not written through a link: the target stays as it was', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'target'), 'precious');
    symlinkSync(join(dir, 'target'), join(dir, 'link'));
    expect(refusal(() => writeAtomic(join(dir, 'link'), 'x')).kind).toBe('unsafe');
    expect(createPrivate(join(dir, 'link'), 'x')).toBe(false);
    expect(readFileSync(join(dir, 'target'), 'utf8')).toBe('precious');
  });

  it('is not read through a link, also not a dangling one', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'target'), 'x', { mode: 0o600 });
    symlinkSync(join(dir, 'target'), join(dir, 'link'));
    symlinkSync(join(dir, 'nothing'), join(dir, 'dangling'));
    for (const name of ['link', 'dangling']) {
      expect(refusal(() => readPrivate(join(dir, name))).message).toContain('symbolic link');
    }
  });

  it('is undefined when there is none', () => {
    expect(readPrivate(join(tempDir(), 'none'))).toBeUndefined();
  });

  it.each([0o604, 0o640, 0o660, 0o644])('that is loose (%i) is not read, and the remedy is said', (mode) => {
    const path = join(tempDir(), 'token');
    writeFileSync(path, 'x');
    chmodSync(path, mode);
    expect(refusal(() => readPrivate(path)).remedy).toBe(`chmod 600 ${path}`);
  });

  it('without a secret may be readable by others, not writable', () => {
    const path = join(tempDir(), 'config.json');
    writeFileSync(path, '{}');
    chmodSync(path, 0o644);
    expect(readPrivate(path, { readable: true })).toBe('{}');
    chmodSync(path, 0o664);
    expect(refusal(() => readPrivate(path, { readable: true })).kind).toBe('unsafe');
  });

  it('that is a pipe or a directory is refused at once', () => {
    const dir = tempDir();
    execFileSync('mkfifo', ['-m', '600', join(dir, 'pipe')]);
    expect(refusal(() => readPrivate(join(dir, 'pipe'))).message).toContain('not a plain file');
    expect(refusal(() => readPrivate(dir)).message).toContain('not a plain file');
  });
});

describe('a file of somebody else', () => {
  it.each([0o600, 0o644, 0o664, 0o755])('keeps its mode %i when it is replaced', (mode) => {
    const path = join(tempDir(), 'settings.json');
    writeFileSync(path, 'old');
    chmodSync(path, mode);
    replaceAtomic(path, 'new', lstatSync(path));
    expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual(['new', mode.toString(8)]);
    expect(readdirSync(join(path, '..'))).toEqual(['settings.json']);
  });

  it('is 0600 when it is new', () => {
    const path = join(tempDir(), 'settings.json');
    replaceAtomic(path, 'new');
    expect(modeOf(path)).toBe('600');
  });

  // Only root may give a file away; elsewhere nobody can have one that is not theirs and replace it.
  it.runIf(process.getuid?.() === 0)('keeps its owner when root replaces it', () => {
    const path = join(tempDir(), 'settings.json');
    writeFileSync(path, 'old');
    chownSync(path, 12_345, 54_321);
    replaceAtomic(path, 'new', lstatSync(path));
    expect(lstatSync(path)).toMatchObject({ uid: 12_345, gid: 54_321 });
  });

  it('is not replaced through a link', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'real'), 'old');
    symlinkSync('real', join(dir, 'link'));
    expect(refusal(() => replaceAtomic(join(dir, 'link'), 'new')).kind).toBe('unsafe');
    expect(readFileSync(join(dir, 'real'), 'utf8')).toBe('old');
  });
});

describe('making a private file', () => {
  it('answers who was first, and never touches what is there', () => {
    const dir = tempDir();
    const path = join(dir, 'token');
    expect([createPrivate(path, 'first'), createPrivate(path, 'second')]).toEqual([true, false]);
    expect([readPrivate(path), readdirSync(dir)]).toEqual(['first', ['token']]);
  });

  it('throws when the directory is missing, and makes nothing', () => {
    const dir = tempDir();
    expect(() => createPrivate(join(dir, 'no', 'token'), 'x')).toThrow('ENOENT');
    expect(existsSync(join(dir, 'no'))).toBe(false);
  });
});
