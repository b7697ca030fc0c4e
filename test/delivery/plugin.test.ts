/** What a plugin tells of its program, and what becomes of mail by it. */
import { describe, expect, it } from 'vitest';
import { berths } from '../../src/config/rendezvous.ts';
import { settle } from '../support/fake-clock.ts';
import { hook, LocalClient } from './local-client.ts';
import { letter, makeRig, type RigOptions } from './rig.ts';

const HELLO = { plugin: 'opencode', name: 'plugin', interrupts: false };

async function plugged(now?: object, options: RigOptions = {}) {
  const rig = await makeRig({ doors: [], ...options });
  rig.program.activity = undefined;
  const plugin = LocalClient.of(rig.home);
  plugin.say({ ...HELLO, ...(now ? { now } : {}) });
  await settle(20);
  return { ...rig, plugin };
}

describe('a plugin with nothing to put text into', () => {
  it('is no door, and its reason is told to the sender', async () => {
    const { inbox, clock, told } = await plugged({ open: false, reason: 'no session is open' });
    inbox.deliver(letter());
    await clock.run(50_000);
    expect(inbox.mail).toHaveLength(1);
    expect(inbox.said).toEqual([
      expect.stringMatching(
        /^unseen \d+: no session is open; reached at its next turn, nobody tells what it is doing$/,
      ),
    ]);
    expect(told.at(-1)?.door).toBeUndefined();
  });

  it('is given what waits as soon as it has', async () => {
    const { inbox, plugin, clock } = await plugged({ open: false, reason: 'no session is open' });
    inbox.deliver(letter());
    await clock.run(5_000);
    const put = plugin.next();
    plugin.say({ now: { open: true, doing: 'idle' } });
    await settle(20);
    await clock.run(100);
    expect(await put).toMatchObject({ put: 1 });
  });
});

describe('what a plugin says that its program does', () => {
  it('keeps mail until the turn is over, and is told to peers with tool and time', async () => {
    const { inbox, plugin, clock, told } = await plugged({ open: true, doing: 'busy', tool: 'bash', for_ms: 4_000 });
    inbox.deliver(letter());
    await clock.run(10_000);
    expect(inbox.mail).toHaveLength(1);
    expect(told.at(-1)).toMatchObject({ doing: 'busy', tool: 'bash', door: 'plugin' });
    expect(told.at(-1)?.for_ms).toBeGreaterThanOrEqual(4_000);
    const put = plugin.next();
    plugin.say({ now: { open: true, doing: 'idle' } });
    await settle(20);
    await clock.run(100);
    expect(await put).toMatchObject({ put: 1 });
  });

  it('counts for more than what its events sound like', async () => {
    const { inbox, plugin, clock, told } = await plugged({ open: true, doing: 'idle' });
    // The tool was aborted: its end is told after that of the turn.
    plugin.say({ ask: 1, event: { kind: 'tool', tool: 'bash' } });
    await plugin.next();
    await clock.run(3_000);
    expect(told.at(-1)?.doing).toBe('idle');
    inbox.deliver(letter());
    const put = plugin.next();
    await clock.run(100);
    expect(await put).toMatchObject({ put: 1 });
  });

  it('is added to by the program’s own record, until the turn is over', async () => {
    const { program, plugin, clock, told } = await plugged({ open: true, doing: 'busy', tool: 'bash' });
    await clock.run(10);
    program.does('waiting');
    await clock.run(2_000);
    expect(told.at(-1)?.doing).toBe('waiting');
    plugin.say({ now: { open: true, doing: 'idle' } });
    await settle(20);
    await clock.run(2_000);
    expect(told.at(-1)?.doing).toBe('idle');
  });

  it('is forgotten with the plugin', async () => {
    const { plugin, clock, told } = await plugged({ open: true, doing: 'busy' });
    await clock.run(1_000);
    plugin.hangUp();
    await plugin.closed();
    await settle(20);
    await clock.run(2_000);
    expect([told.at(-1)?.doing, told.at(-1)?.door]).toEqual([undefined, undefined]);
  });

  it('means nothing when it is none of the words', async () => {
    const { clock, told } = await plugged({ open: 1, doing: 'dancing', tool: 5, for_ms: 'long' });
    await clock.run(2_000);
    expect([told.at(-1)?.doing, told.at(-1)?.door]).toEqual([undefined, undefined]);
  });
});

describe('text that a plugin was given', () => {
  it('and has not answered for is marked when it is given again', async () => {
    const { home, inbox, plugin, clock } = await plugged({ open: true, doing: 'idle' });
    const mail = letter();
    inbox.deliver(mail);
    const put = plugin.next();
    await clock.run(100);
    expect(await put).not.toMatchObject({ text: expect.stringContaining('redelivered') });
    plugin.hangUp();
    await plugin.closed();
    await settle(20);
    const next = LocalClient.of(home);
    next.say({ ...HELLO, now: { open: true, doing: 'idle' } });
    await settle(20);
    const again = next.next();
    await clock.run(31_000);
    expect(await again).toMatchObject({ ids: [mail.id], text: expect.stringContaining('redelivered') });
  });

  it('at the end of a tool is not read because the program goes on, but when the plugin says so', async () => {
    const { inbox, plugin } = await plugged({ open: true, doing: 'busy', tool: 'bash' });
    const mail = letter({ priority: 'urgent' });
    inbox.deliver(mail);
    await settle(20);
    plugin.say({ ask: 1, event: { kind: 'tool', tool: 'bash' } });
    expect(await plugin.next()).toMatchObject({ ask: 1, ids: [mail.id], text: expect.stringContaining(mail.body) });
    plugin.say({ printed: 1 });
    // Another tool of the same step ends.
    plugin.say({ ask: 2, event: { kind: 'tool', tool: 'read' } });
    expect(await plugin.next()).toEqual({ ask: 2 });
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
    plugin.say({ shown: [mail.id] });
    await settle(20);
    expect(inbox.said).toEqual([`handed ${mail.position}`, `seen ${mail.position}`]);
  });

  it('at the end of a tool and that nobody reads is put in by the same plugin, marked', async () => {
    const { inbox, plugin, clock } = await plugged({ open: true, doing: 'busy', tool: 'bash' });
    const mail = letter({ priority: 'urgent' });
    inbox.deliver(mail);
    await settle(20);
    plugin.say({ ask: 1, event: { kind: 'tool', tool: 'bash' } });
    await plugin.next();
    plugin.say({ printed: 1 });
    plugin.say({ now: { open: true, doing: 'idle' } });
    await settle(20);
    const put = plugin.next();
    await clock.run(12_000);
    expect(await put).toMatchObject({ put: 1, ids: [mail.id], text: expect.stringContaining('redelivered') });
  });

  it.each(['after', 'before'])('and that it drops %s the answer goes in elsewhere, unmarked', async (when) => {
    const { home, inbox, plugin } = await plugged({ open: true, doing: 'busy', tool: 'bash' });
    const mail = letter({ priority: 'urgent' });
    inbox.deliver(mail);
    await settle(20);
    let open: () => void = () => undefined;
    if (when === 'before') {
      inbox.gate = new Promise((resolve) => {
        open = resolve;
      });
    }
    plugin.say({ ask: 1, event: { kind: 'tool', tool: 'bash' } });
    if (when === 'after') await plugin.next();
    plugin.say({ dropped: 1 });
    await settle(20);
    open();
    await settle(20);
    expect(inbox.said).toEqual([]);
    const { stdout } = await hook(home, 'UserPromptSubmit', { prompt: 'x' });
    expect(stdout).toContain(`id=${mail.id}`);
    expect(stdout).not.toContain('redelivered');
  });
});

describe('a session process that takes over', () => {
  it('is told what was read before it came, and does not give that again', async () => {
    const first = await plugged({ open: true, doing: 'idle' });
    const [read, unread] = [letter(), letter()];
    first.inbox.deliver(read, unread);
    const put = first.plugin.next();
    await first.clock.run(100);
    await put;
    first.plugin.say({ taken: 1 });
    await settle(20);
    first.delivery.stop();
    const second = await makeRig({ doors: [], home: first.home, clock: first.clock });
    second.program.hasTranscript = false;
    const plugin = LocalClient.of(second.home);
    plugin.say({ ...HELLO, now: { open: true, doing: 'idle' } });
    plugin.say({ shown: [read.id] });
    await settle(20);
    const again = plugin.next();
    await second.clock.run(5_000);
    expect(await again).toMatchObject({ ids: [unread.id], text: expect.stringContaining('redelivered') });
    expect(second.inbox.said).toEqual([`seen ${read.position}`]);
  });
});

describe('the conversation of a session process', () => {
  it('is that of its environment, until a hook knows better', async () => {
    const { home } = await makeRig({
      doors: [],
      env: { CLAUDE_CODE_SESSION_ID: 's-1', COPILOT_AGENT_SESSION_ID: 'other' },
    });
    expect(berths(home)[0]?.agentSession).toBe('s-1');
    await hook(home, 'SessionStart', { session_id: 's-2' });
    expect(berths(home)[0]?.agentSession).toBe('s-2');
  });

  it('is unknown when the environment says nothing that could be one', async () => {
    const { home } = await makeRig({ doors: [], env: { CLAUDE_CODE_SESSION_ID: 'no id\n' } });
    expect(berths(home)[0]?.agentSession).toBeUndefined();
  });
});
