import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Conversation, writeConversation } from '../../../src/config/conversations.ts';
import { conversation } from '../../resume/rig.ts';
import { commandLine } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

function homeWith(over: Partial<Conversation> = {}): string {
  const home = tempDir();
  writeConversation(home, conversation({ program: 'claude-code', host: hostname(), ...over }));
  return home;
}

async function listed(home: string): Promise<unknown> {
  const { out } = await commandLine(['resume', '--json'], { home });
  return JSON.parse(out);
}

describe('resume', () => {
  it('says that there is nobody', async () => {
    const { code, err } = await commandLine(['resume'], { home: tempDir() });
    expect([code, err]).toEqual([0, 'No session of a program that can be resumed has run on this machine.\n']);
  });

  it('lists who may be woken, and what stands in the way', async () => {
    const home = homeWith({ name: 'CC-1', cwd: '/gone/project' });
    writeConversation(home, conversation({ name: 'CC-2', program: 'claude-code', host: 'bert', isAllowed: true }));
    const { code, out } = await commandLine(['resume'], { home });
    expect(code).toBe(0);
    expect(out).toMatch(/^NAME +MAY BE WOKEN +NOW +PROGRAM +DIRECTORY$/m);
    expect(out).toMatch(/^CC-1 +no +its directory is gone +claude-code +\/gone\/project$/m);
    expect(out).toMatch(/^CC-2 +yes +it is on bert +claude-code /m);
  });

  it('lists it for a script', async () => {
    const home = homeWith();
    expect(await listed(home)).toMatchObject({
      sessions: [{ name: 'CC-1', allowed: false, program: 'claude-code', id: 'c-1', host: hostname() }],
    });
  });
});

describe('resume allow and deny', () => {
  it('choose, for nobody else to change', async () => {
    const home = homeWith();
    const { code, out } = await commandLine(['resume', 'allow', 'CC-1'], { home });
    expect([code, out]).toEqual([0, 'CC-1 may be woken, while claude-relay resume watch runs.\n']);
    expect(await listed(home)).toMatchObject({ sessions: [{ allowed: true }] });
    expect(statSync(join(home, 'resume/policy/CC-1.json')).mode & 0o77).toBe(0);
    await commandLine(['resume', 'deny', 'CC-1'], { home });
    expect(await listed(home)).toMatchObject({ sessions: [{ allowed: false }] });
  });

  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('choose for a time: %s', async (text, ms) => {
    const home = homeWith();
    const before = Date.now();
    await commandLine(['resume', 'allow', 'CC-1', '--for', text], { home });
    const { sessions } = (await listed(home)) as { sessions: { until: number }[] };
    expect(sessions[0]?.until).toBeGreaterThanOrEqual(before + ms);
    expect(sessions[0]?.until).toBeLessThanOrEqual(Date.now() + ms);
  });

  it.each(['10', '0m', '-5m', '1w', 'm', '10 m'])('take no %j for a time', async (text) => {
    const home = homeWith();
    const { code, err } = await commandLine(['resume', 'allow', 'CC-1', `--for=${text}`], { home });
    expect([code, err]).toEqual([2, expect.stringContaining('such as 90s, 10m, 2h or 7d')]);
    expect(await listed(home)).toMatchObject({ sessions: [{ allowed: false }] });
  });

  it.each(['allow', 'deny'])('%s needs a session that was here', async (verb) => {
    const { code, err } = await commandLine(['resume', verb, 'CC-9'], { home: homeWith() });
    expect([code, err]).toEqual([1, expect.stringContaining('No session of that name')]);
  });

  it('do not allow what cannot be done', async () => {
    const { code, err } = await commandLine(['resume', 'allow', 'CC-1'], { home: homeWith({ program: 'cursor' }) });
    expect([code, err]).toEqual([1, expect.stringContaining('cursor has no way')]);
  });
});
