/** The commands about the data as a whole: with a relay that runs, and on its files while none does. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closed, someData } from '../../data/kit.ts';
import { type AtRelay, atRelay } from '../../support/at-relay.ts';
import { commandLine } from '../../support/command-line.ts';
import { killedRelay } from '../../support/killed-relay.ts';
import { liveRelay } from '../../support/live-relay.ts';
import { tempDir } from '../../support/temp-dir.ts';

let at: AtRelay;
let dir: string;

beforeEach(async () => {
  at = await atRelay();
  dir = tempDir();
  await at.ok(['status', '--as', 'B']);
  for (const body of ['one', 'two', 'three']) await at.ok(['send', 'B', body, '--as', 'A']);
});

/** The relay ends; its home stays. Answers with a command line that has nobody to ask. */
async function alone() {
  await at.relay.end();
  killedRelay(at.relay.home);
  return (args: readonly string[], cwd = dir) =>
    commandLine(args, {
      home: at.relay.home,
      cwd,
      env: { CLAUDE_RELAY_HOME: at.relay.home, USER: 'anna', RELAY_URL: '' },
    });
}

describe('backup', () => {
  it('makes a private, checked file of everything while the relay runs', async () => {
    const file = join(dir, 'copy.sqlite');
    expect(await at.ok(['backup', file])).toMatch(/copy\.sqlite: 3 messages, [\d.]+ kB, checked\.\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['copy.sqlite']);
    expect(await at.json(['verify', file])).toMatchObject({ ok: true, envelopes: 3 });
  });

  it('names the file by the time when it is not told a name, in the directory where it runs', async () => {
    const made = (await at.json(['backup'], { cwd: dir })) as { file: string; envelopes: number };
    expect(made).toMatchObject({
      file: expect.stringMatching(/\/claude-relay-\d{4}(-\d\d){5}\.sqlite$/),
      envelopes: 3,
    });
    expect(existsSync(made.file)).toBe(true);
  });

  it('writes over nothing', async () => {
    const file = join(dir, 'there');
    writeFileSync(file, 'mine');
    const { code, err } = await at.run(['backup', file]);
    expect([code, err, readFileSync(file, 'utf8')]).toEqual([1, expect.stringContaining('is there already'), 'mine']);
  });

  it('touches nothing of somebody else’s beside it', async () => {
    writeFileSync(join(dir, 'copy.sqlite.part'), 'mine');
    await at.ok(['backup', join(dir, 'copy.sqlite')]);
    expect(readFileSync(join(dir, 'copy.sqlite.part'), 'utf8')).toBe('mine');
  });

  it.each(['backup', 'export'])('gives a name to one %s of several at once', async (command) => {
    const file = join(dir, 'all');
    const ran = await Promise.all([1, 2, 3].map(() => at.run([command, file])));
    expect(ran.map(({ code }) => code).sort()).toEqual([0, 1, 1]);
    for (const { code, err } of ran) if (code === 1) expect(err).toContain(`${file} is there already.`);
    expect(readdirSync(dir)).toEqual(['all']);
  });

  it('copies the files themselves where no relay runs', async () => {
    const run = await alone();
    expect((await run(['backup', 'copy.sqlite'])).out).toContain('3 messages');
    expect(existsSync(join(dir, 'copy.sqlite'))).toBe(true);
  });

  it('leaves a log that the disk has damaged to the relay, which tells its clients', async () => {
    const run = await alone();
    const log = join(at.relay.home, 'data/relay.sqlite-wal');
    writeFileSync(log, Buffer.alloc(5_000, 1), { mode: 0o600 });
    const { code, err } = await run(['backup', 'copy.sqlite']);
    expect([code, err]).toEqual([65, expect.stringMatching(/was damaged on the disk\.\n\s+Start the relay/)]);
    expect([existsSync(join(dir, 'copy.sqlite')), statSync(log).size]).toEqual([false, 5_000]);
  });

  it('tells of messages that the disk had damaged before', async () => {
    const run = await alone();
    const { openDatabase } = await import('../../../src/journal/driver.ts');
    const database = await openDatabase(join(at.relay.home, 'data/relay.sqlite'));
    database.exec("UPDATE envelope SET body = 'other' WHERE position = 2");
    database.close();
    const { code, err } = await run(['backup', 'copy.sqlite']);
    expect([code, err]).toEqual([0, expect.stringContaining('1 message in it had been damaged')]);
    const verified = await run(['verify', 'copy.sqlite']);
    expect([verified.code, verified.out]).toEqual([1, expect.stringContaining('at position 2 is not what was stored')]);
  });
});

describe('verify', () => {
  it('says that all is whole, by the relay and without it', async () => {
    const whole = /^3 messages, 2 sessions, [\d.]+ kB: all whole\.\n$/;
    expect(await at.ok(['verify'])).toMatch(whole);
    const run = await alone();
    expect((await run(['verify'])).out).toMatch(whole);
  });

  it('says what is no backup', async () => {
    writeFileSync(join(dir, 'x'), '');
    const { code, err } = await at.run(['verify', join(dir, 'x')]);
    expect([code, err]).toEqual([1, expect.stringContaining('holds no data of a relay')]);
    expect((await at.run(['verify', join(dir, 'nothing')])).err).toContain('There is no file');
  });
});

describe('export', () => {
  it('prints JSON lines, or writes a private file', async () => {
    const lines = (await at.ok(['export'])).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).body)).toEqual(['one', 'two', 'three']);
    await at.ok(['export', join(dir, 'all.md'), '--format', 'markdown']);
    expect(readFileSync(join(dir, 'all.md'), 'utf8')).toMatch(/^## .*\n\n\*\*A\*\* → \*\*B\*\* .*\n\n> one\n/);
    expect(statSync(join(dir, 'all.md')).mode & 0o777).toBe(0o600);
  });

  it('can be narrowed', async () => {
    await at.ok(['send', 'all', 'four', '--as', 'B']);
    expect((await at.ok(['export', '--about', 'all'])).split('\n')).toHaveLength(2);
    expect((await at.ok(['export', '--since', '1h'])).split('\n')).toHaveLength(5);
    const { code, err } = await at.run(['export', '--since', 'yesterday']);
    expect([code, err]).toEqual([2, expect.stringContaining('--since must be a time')]);
  });

  it('writes over nothing, and leaves nothing that is not whole', async () => {
    writeFileSync(join(dir, 'there'), 'mine');
    expect((await at.run(['export', join(dir, 'there')])).code).toBe(1);
    expect(readFileSync(join(dir, 'there'), 'utf8')).toBe('mine');
    const failing = await at.run(['export', join(dir, 'new'), '--relay-url', 'ws://127.0.0.1:1']);
    expect([failing.code, existsSync(join(dir, 'new'))]).toEqual([3, false]);
  });

  it('reads the files themselves where no relay runs', async () => {
    const run = await alone();
    expect((await run(['export'])).out.trimEnd().split('\n')).toHaveLength(3);
  });
});

describe.each(['backup', 'export'])('a file for %s', (command) => {
  it('is not made among the data', async () => {
    symlinkSync(join(at.relay.home, 'data'), join(dir, 'link'));
    mkdirSync(join(at.relay.home, 'data/deeper'));
    for (const place of [join(at.relay.home, 'data/x'), join(at.relay.home, 'data/deeper/x'), join(dir, 'link/x')]) {
      const { code, err } = await at.run([command, place]);
      expect([code, err, existsSync(place)]).toEqual([1, expect.stringContaining('may be taken for them'), false]);
    }
    await at.ok([command, join(at.relay.home, 'data-x')]);
  });

  it('that cannot be made is refused in one sentence', async () => {
    const says = async (file: string) => {
      const { code, err } = await at.run([command, file]);
      return [code, err];
    };
    expect(await says(join(dir, 'no/x'))).toEqual([1, expect.stringContaining(`There is no directory ${dir}/no.`)]);
    expect(await says(dir)).toEqual([1, expect.stringContaining(`${dir} is a directory.`)]);
    expect(await says(join(dir, 'x'.repeat(300)))).toEqual([1, expect.stringContaining('cannot be written')]);
    // A link that leads nowhere is somebody's, too.
    symlinkSync(join(dir, 'nowhere'), join(dir, 'there'));
    expect(await says(join(dir, 'there'))).toEqual([1, expect.stringContaining('is there already')]);
    expect(readdirSync(dir)).toEqual(['there']);
  });
});

describe('a relay that breaks off', () => {
  let run: Awaited<ReturnType<typeof alone>>;
  let server: Server;

  beforeEach(async () => {
    run = await alone();
    server = createServer((_, response) => {
      response.write('{"half":');
      setImmediate(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    killedRelay(at.relay.home, port);
  });
  afterEach(() => server.close());

  it.each([
    [['export'], '{"half":'],
    [['export', 'file'], ''],
    [['backup', 'file'], ''],
    [['verify'], ''],
    [['prune', '--keep', '0'], ''],
  ])('fails %j, and nothing is done with the files instead', async (args, printed) => {
    const { code, out, err } = await run(args);
    expect([code, out, err]).toEqual([3, printed, expect.stringContaining('The relay broke off')]);
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('somebody else’s relay, where that of the data would be', () => {
  let run: Awaited<ReturnType<typeof alone>>;
  let port: number;

  beforeEach(async () => {
    run = await alone();
    ({ port } = (await atRelay()).relay);
    killedRelay(at.relay.home, port);
  });

  it.each(['backup', 'export', 'verify'])('is passed over by %s, which says so', async (command) => {
    const { code, err } = await run([command]);
    const says = `The relay at ws://127.0.0.1:${port} is not that of ${join(at.relay.home, 'data')}, which none uses.\n`;
    expect([code, err]).toEqual([0, says]);
  });

  it('forgets nothing for prune, which needs that of the data', async () => {
    const { code, err } = await run(['prune', '--keep', '0']);
    expect([code, err]).toEqual([3, expect.stringContaining('none runs here')]);
  });

  it('keeps its data from who brings the wrong token for it', async () => {
    const { code, err } = await commandLine(['verify'], {
      home: at.relay.home,
      env: { CLAUDE_RELAY_HOME: at.relay.home, RELAY_URL: '', RELAY_TOKEN: 'x'.repeat(43) },
    });
    expect([code, err]).toEqual([4, expect.stringContaining('does not take this token')]);
  });

  it('is what refused, where a relay uses the data after all', async () => {
    const home = at.relay.home;
    const again = await liveRelay({ home });
    killedRelay(home, port);
    const { code, err } = await run(['verify']);
    expect([code, err]).toEqual([4, expect.stringContaining('does not take this token')]);
    await again.end();
  });

  it('is what refused, where there are no data', async () => {
    const home = tempDir();
    killedRelay(home, port);
    const { code } = await commandLine(['verify'], { home, env: { CLAUDE_RELAY_HOME: home, RELAY_URL: '' } });
    expect(code).toBe(4);
  });
});

describe('--data', () => {
  it('means the data that lie there, whichever relay answers', async () => {
    const other = await someData(5);
    await closed(other);
    const lines = (await at.ok(['export', '--data', other.dir])).trimEnd().split('\n');
    expect([lines.length, await at.json(['verify', '--data', other.dir])]).toEqual([
      5,
      expect.objectContaining({ envelopes: 5 }),
    ]);
    expect(await at.ok(['backup', join(dir, 'x'), '--data', other.dir])).toContain('5 messages');
  });

  it.each(['backup', 'export', 'verify'])('of a relay that runs is refused with what to do: %s', async (command) => {
    const { code, err } = await at.run([command, '--data', join(at.relay.home, 'data')], { cwd: dir });
    expect([code, err]).toEqual([1, expect.stringMatching(/A relay uses .*\n {2}Leave out --data to ask it/)]);
  });

  it('goes with no --relay-url', async () => {
    const { code, err } = await at.run(['verify', '--data', dir, '--relay-url', 'ws://127.0.0.1:1']);
    expect([code, err]).toEqual([2, expect.stringContaining('say one of them')]);
  });

  it('of a directory without any says so', async () => {
    const { code, err } = await at.run(['export', '--data', dir]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/There are no data of a relay in .*\n {2}Name the directory/),
    ]);
  });
});

describe('prune', () => {
  it('forgets what was read, and only says so when it is only asked', async () => {
    await at.ok(['receive', '--as', 'B', '--count', '2']);
    expect(await at.ok(['prune', '--keep', '0', '--dry-run'])).toBe('2 messages would be forgotten.\n');
    expect(await at.json(['prune', '--keep', '0'])).toEqual({ pruned: 2, trial: false });
    expect(await at.ok(['receive', '--as', 'B'])).toContain('three');
  });

  it.each([
    [[], 'Say what is to go'],
    [['--inbox', 'B'], 'Say what is to go'],
    [['--older-than', '5'], '--older-than must be a time'],
    [['--keep-bytes', 'much'], '--keep-bytes must be a size'],
    [['--keep', '-1'], '--keep must be a number'],
  ])('%j is wrong usage', async (args, says) => {
    const { code, err } = await at.run(['prune', ...args]);
    expect([code, err]).toEqual([2, expect.stringContaining(says)]);
  });

  it('of an inbox that nobody has is refused', async () => {
    const { code, err } = await at.run(['prune', '--keep', '0', '--inbox', 'Nobody']);
    expect([code, err]).toEqual([4, expect.stringContaining('Nobody called Nobody was ever here')]);
  });

  it('needs a relay', async () => {
    const run = await alone();
    const { code, err } = await run(['prune', '--keep', '0']);
    expect([code, err]).toEqual([3, expect.stringContaining('none runs here')]);
  });
});

describe('restore', () => {
  it('is refused while a relay uses the data', async () => {
    await at.ok(['backup', join(dir, 'copy.sqlite')]);
    const { code, err } = await at.run(['restore', join(dir, 'copy.sqlite')]);
    expect([code, err]).toEqual([1, expect.stringContaining('already uses')]);
  });

  it('brings back what was there, and says where the rest is', async () => {
    await at.ok(['backup', join(dir, 'copy.sqlite')]);
    await at.ok(['send', 'B', 'since', '--as', 'A']);
    const run = await alone();
    const { code, out, err } = await run(['restore', 'copy.sqlite']);
    expect([code, out]).toEqual([0, 'Restored 3 messages of 2 sessions.\n']);
    expect(err).toContain('replaced-1.sqlite');
    const again = await liveRelay({ home: at.relay.home });
    const { json } = await again.verb('receive', {}, 'B');
    expect(json).toMatchObject({ messages: [{ body: 'one' }, { body: 'two' }, { body: 'three' }] });
    await again.end();
  });
});

describe('at a terminal', () => {
  const ERASE = '\r\u001b[K';

  it.each([
    [
      ['backup', 'copy.sqlite'],
      ['Copying the data …', 'Checking the copy …'],
    ],
    [['verify'], ['Checking …']],
    [['export', 'all.jsonl'], ['Exporting …']],
    [['prune', '--keep', '0', '--dry-run'], ['Looking …']],
    [['prune', '--keep', '0'], ['Forgetting …']],
  ])('%j says what it is at, and leaves nothing of that', async (args, said) => {
    const { code, err } = await at.run(args, { tty: true, cwd: dir, env: { NO_COLOR: '1' } });
    const lines = err.split(ERASE).filter((line) => line !== '');
    expect([code, lines, err.endsWith(ERASE)]).toEqual([0, said, true]);
  });

  it('so does restore', async () => {
    await at.ok(['backup', join(dir, 'copy.sqlite')]);
    await at.relay.end();
    const home = at.relay.home;
    const { code, err } = await commandLine(['restore', 'copy.sqlite'], {
      home,
      cwd: dir,
      tty: true,
      env: { NO_COLOR: '1' },
    });
    expect([code, err.split(ERASE)[1]]).toEqual([0, 'Checking and copying …']);
  });
});

describe('none of them', () => {
  it('looks at this machine when it was told of another relay', async () => {
    const run = await alone();
    for (const command of ['backup', 'verify', 'export'])
      expect((await run([command, '--relay-url', 'ws://127.0.0.1:1'])).code, command).toBe(3);
  });

  it('makes data where there are none', async () => {
    const home = tempDir();
    killedRelay(home);
    const { code, err } = await commandLine(['verify'], { home, env: { CLAUDE_RELAY_HOME: home, RELAY_URL: '' } });
    expect([code, err]).toEqual([1, expect.stringContaining('There are no data of a relay')]);
    expect(existsSync(join(home, 'data'))).toBe(false);
  });
});
