/** Mail through the hooks of a program, over the real local socket. */
import { describe, expect, it } from 'vitest';
import { berths } from '../../src/config/rendezvous.ts';
import { settle } from '../support/fake-clock.ts';
import { hook, LocalClient } from './local-client.ts';
import { idsOf, letter, letters, makeRig } from './rig.ts';

/** What the model is shown by a hook's answer. */
function shown(reply: Readonly<Record<string, unknown>>): string {
  if (typeof reply.stdout !== 'string') return typeof reply.stderr === 'string' ? reply.stderr : '';
  const { reason, hookSpecificOutput } = JSON.parse(reply.stdout) as {
    reason?: string;
    hookSpecificOutput?: { additionalContext: string };
  };
  return reason ?? hookSpecificOutput?.additionalContext ?? '';
}

async function withoutDoors() {
  const rig = await makeRig({ doors: [] });
  const call = async (event: string, input: object = {}) => shown(await hook(rig.home, event, input));
  return { ...rig, call };
}

describe('a hook', () => {
  it('prints nothing when there is nothing', async () => {
    const { home } = await makeRig({ doors: [] });
    for (const event of ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'SessionEnd', 'Nonsense'])
      expect(await hook(home, event)).toEqual({});
  });

  it('puts what waits before the model when its person speaks, and the next event is the evidence', async () => {
    const { inbox, call } = await withoutDoors();
    const mail = letter({ body: 'Is the build green?' });
    inbox.deliver(mail);
    await settle();
    expect(await call('UserPromptSubmit', { prompt: 'hello' })).toContain('> Is the build green?');
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
    expect(await call('PostToolUse')).toBe('');
    expect(inbox.said).toEqual([`handed ${mail.position}`, `seen ${mail.position}`]);
  });

  it('keeps a turn going at its end for normal mail, takes quiet mail along, and stops for quiet mail alone', async () => {
    const { inbox, call } = await withoutDoors();
    inbox.deliver(letter({ priority: 'quiet', body: 'by the way' }));
    await settle();
    expect(await call('Stop')).toBe('');
    inbox.deliver(letter({ body: 'the build is red' }));
    await settle();
    expect(await call('Stop')).toMatch(/by the way[\s\S]+the build is red/);
  });

  it('between two tool calls brings what is urgent, and what is older with it, and nothing else', async () => {
    const { inbox, call } = await withoutDoors();
    inbox.deliver(letter({ body: 'older' }));
    await settle();
    expect(await call('PostToolUse')).toBe('');
    inbox.deliver(letter({ body: 'newer', priority: 'urgent' }));
    await settle();
    expect(await call('PostToolUse')).toMatch(/older[\s\S]+newer/);
  });

  it('leaves it to the door where there is one that wakes', async () => {
    const { inbox, clock, program, door, home } = await makeRig();
    program.does('busy');
    inbox.deliver(letter());
    await settle();
    expect(await hook(home, 'Stop')).toEqual({});
    program.does('idle');
    await clock.run(400);
    expect(door.parcels).toHaveLength(1);
  });

  it('shows nothing twice: what a door has is not given to a hook, and what a hook has not to a door', async () => {
    const { inbox, clock, home, door, program } = await makeRig();
    program.does('busy');
    const mail = letters(3);
    inbox.deliver(...mail);
    await settle();
    const text = shown(await hook(home, 'UserPromptSubmit', { prompt: 'go on' }));
    for (const { id } of mail) expect(text).toContain(`id=${id}`);
    program.does('idle');
    await clock.run(5_000);
    expect(door.parcels).toEqual([]);
    expect(inbox.said[0]).toBe(`handed ${mail.map(({ position }) => position).join()}`);
  });

  it('that is ended before it has printed has shown nothing: the next one shows it, unmarked', async () => {
    const { inbox, home, call } = await withoutDoors();
    const mail = letter();
    inbox.deliver(mail);
    await settle();
    const client = LocalClient.of(home);
    client.say({ hook: 'claude-code', event: 'UserPromptSubmit', input: { prompt: 'x' } });
    expect(await client.next()).toHaveProperty('stdout');
    client.hangUp();
    await client.closed();
    await settle();
    expect(inbox.said).toEqual([]);
    const again = await call('UserPromptSubmit', { prompt: 'y' });
    expect(again).toContain(`id=${mail.id}`);
    expect(again).not.toContain('redelivered');
  });

  it('that is stopped when it should print keeps nothing for ever: given again, it is marked, since it may print it yet', async () => {
    const { inbox, clock, home, door, program } = await makeRig();
    program.does('busy');
    const mail = letter();
    inbox.deliver(mail);
    await settle();
    const stopped = LocalClient.of(home);
    stopped.say({ hook: 'claude-code', event: 'UserPromptSubmit', input: { prompt: 'x' } });
    expect(shown((await stopped.next()) ?? {})).toContain(`id=${mail.id}`);
    program.does('idle');
    await clock.run(10_000);
    expect(door.ids).toEqual([[mail.id]]);
    expect(door.parcels[0]?.text).toContain('redelivered');
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
  });

  it('puts off the end of a turn so often in a row, and no more', async () => {
    const { inbox, call } = await withoutDoors();
    const turns: boolean[] = [];
    for (let i = 0; i < 10; i += 1) {
      inbox.deliver(letter());
      await settle();
      turns.push((await call('Stop', { stop_hook_active: i > 0 })) !== '');
    }
    expect(turns).toEqual([...Array(6).fill(true), ...Array(4).fill(false)]);
    // A turn that its person begins counts anew.
    await call('UserPromptSubmit', { prompt: 'go on' });
    inbox.deliver(letter());
    await settle();
    expect(await call('Stop')).not.toBe('');
  });

  it('spends the budget of wakes when it keeps a turn going', async () => {
    const rig = await makeRig({ doors: [], wakes: 2 });
    const kept: boolean[] = [];
    for (let i = 0; i < 4; i += 1) {
      rig.inbox.deliver(letter());
      await settle();
      kept.push(shown(await hook(rig.home, 'Stop')) !== '');
    }
    expect(kept).toEqual([true, true, false, false]);
    await hook(rig.home, 'UserPromptSubmit', { prompt: 'I am the person' });
    rig.inbox.deliver(letter());
    await settle();
    expect(shown(await hook(rig.home, 'Stop'))).not.toBe('');
  });

  it('of a helper of the model brings nothing, and is no evidence', async () => {
    const { inbox, call } = await withoutDoors();
    inbox.deliver(letter({ priority: 'urgent' }));
    await settle();
    expect(await call('PostToolUse', { agent_id: 'a1' })).toBe('');
    expect(await call('PostToolUse')).not.toBe('');
    await call('PostToolUse', { agent_id: 'a1' });
    expect(inbox.said.filter((said) => said.startsWith('seen'))).toEqual([]);
  });

  it('fits into what the program takes from a hook; the rest stays, and is counted', async () => {
    const { inbox, call } = await withoutDoors();
    const many = letters(30, { body: 'z'.repeat(900) });
    inbox.deliver(...many);
    await settle();
    const text = await call('UserPromptSubmit', { prompt: 'x' });
    expect(text.length).toBeLessThanOrEqual(9_500);
    const handed = inbox.said[0]?.slice('handed '.length).split(',') ?? [];
    expect(handed).toEqual(many.slice(0, handed.length).map(({ position }) => String(position)));
    expect(text).toContain(`${30 - handed.length} more unread`);
  });

  it('says nothing while the relay does not answer, and loses nothing', async () => {
    const { inbox, call } = await withoutDoors();
    inbox.deliver(letter());
    await settle();
    const gate = Promise.reject(new Error('away'));
    gate.catch(() => undefined);
    inbox.gate = gate;
    expect(await call('UserPromptSubmit', { prompt: 'x' })).toBe('');
    inbox.gate = Promise.resolve();
    expect(await call('UserPromptSubmit', { prompt: 'x' })).not.toBe('');
  });

  it('that says the end of another conversation says nothing of this one: neither which it is, nor that mail was read', async () => {
    const { home, inbox, call } = await withoutDoors();
    await call('SessionStart', { session_id: 'new' });
    inbox.deliver(letter());
    await settle();
    expect(await call('UserPromptSubmit', { session_id: 'new', prompt: 'x' })).not.toBe('');
    await call('SessionEnd', { session_id: 'old' });
    expect(berths(home)[0]?.agentSession).toBe('new');
    expect(inbox.said.filter((line) => line.startsWith('seen'))).toEqual([]);
    await call('SessionEnd', { session_id: 'new' });
    expect(inbox.said.filter((line) => line.startsWith('seen'))).toHaveLength(1);
  });

  it('tells which conversation this is, and what the program does', async () => {
    const { home, program, told, clock } = await makeRig({ doors: [] });
    program.activity = undefined;
    await hook(home, 'SessionStart', { session_id: 's-1', transcript_path: '/t' });
    await hook(home, 'UserPromptSubmit', { session_id: 's-1', prompt: 'x' });
    await clock.run(1_000);
    expect(program.boundTo).toContain('s-1');
    expect(told.at(-1)?.doing).toBe('busy');
  });

  it('of another program is not answered', async () => {
    const { home, inbox } = await makeRig({ doors: [] });
    inbox.deliver(letter());
    await settle();
    const client = LocalClient.of(home);
    client.say({ hook: 'codex', event: 'UserPromptSubmit', input: {} });
    expect(await client.next()).toEqual({});
  });

  it('shows by its prompt that a door’s text became a turn', async () => {
    const rig = await makeRig();
    rig.program.hasTranscript = false;
    const mail = letter();
    rig.inbox.deliver(mail);
    await rig.clock.run(100);
    await hook(rig.home, 'UserPromptSubmit', { prompt: `<cross-session-message>\n${rig.door.parcels[0]?.text}` });
    expect(rig.inbox.said).toEqual([`handed ${mail.position}`, `seen ${mail.position}`]);
  });
});

describe('a waiting hook', () => {
  it('wakes an idle session that has no better door', async () => {
    const { home, inbox, clock } = await makeRig({ doors: [] });
    const waiter = LocalClient.of(home);
    waiter.say({ hook: 'claude-code', event: 'Wait', input: {} });
    await settle(20);
    const mail = letter();
    inbox.deliver(mail);
    const reply = waiter.next();
    await clock.run(100);
    expect(await reply).toMatchObject({ exit: 2, stderr: expect.stringContaining(`id=${mail.id}`) });
    waiter.say({ printed: true });
    await waiter.closed();
    await settle();
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
  });

  it('returns at once where there is a better one', async () => {
    const { home } = await makeRig();
    expect(await hook(home, 'Wait')).toEqual({});
  });

  it('gives way to the next one: one waits at a time', async () => {
    const { home } = await makeRig({ doors: [] });
    const [first, second] = [LocalClient.of(home), LocalClient.of(home)];
    first.say({ hook: 'claude-code', event: 'Wait', input: {} });
    await settle(20);
    second.say({ hook: 'claude-code', event: 'Wait', input: {} });
    expect(await first.next()).toEqual({});
  });

  it('that is killed while it waits is no door any more', async () => {
    const { home, inbox, clock } = await makeRig({ doors: [] });
    const waiter = LocalClient.of(home);
    waiter.say({ hook: 'claude-code', event: 'Wait', input: {} });
    await settle(20);
    waiter.hangUp();
    await waiter.closed();
    await settle(20);
    inbox.deliver(letter());
    await clock.run(1_000);
    expect(inbox.mail).toHaveLength(1);
  });

  it('that does not end may print it yet: the next door gives it again, marked', async () => {
    const { home, inbox, clock, program, door } = await makeRig();
    door.isThere = false;
    program.does('idle');
    const waiter = LocalClient.of(home);
    waiter.say({ hook: 'claude-code', event: 'Wait', input: {} });
    await settle(20);
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(100);
    door.isThere = true;
    await clock.run(4_000);
    expect(door.ids).toEqual([]);
    await clock.run(2_000);
    expect(door.ids).toEqual([[mail.id]]);
    expect(door.parcels[0]?.text).toContain('redelivered');
    // It prints after all: nothing is said twice.
    waiter.say({ printed: true });
    await settle(20);
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
  });

  it('that is killed when it should print has shown nothing', async () => {
    const { home, inbox, clock } = await makeRig({ doors: [] });
    const waiter = LocalClient.of(home);
    waiter.say({ hook: 'claude-code', event: 'Wait', input: {} });
    await settle(20);
    const mail = letter();
    inbox.deliver(mail);
    const reply = waiter.next();
    await clock.run(100);
    await reply;
    waiter.hangUp();
    await waiter.closed();
    await settle(20);
    expect(inbox.said).toEqual([]);
    expect(shown(await hook(home, 'UserPromptSubmit', { prompt: 'x' }))).toContain(`id=${mail.id}`);
  });
});

describe('a plugin', () => {
  async function plugged() {
    const rig = await makeRig({ doors: [] });
    const plugin = LocalClient.of(rig.home);
    plugin.say({ plugin: 'opencode', name: 'plugin', interrupts: false });
    await settle(20);
    return { ...rig, plugin };
  }

  it('is a door: it is given text, and says that it has put it in, and later that it was shown', async () => {
    const { plugin, inbox, clock, told } = await plugged();
    const mail = letter();
    inbox.deliver(mail);
    const put = plugin.next();
    await clock.run(100);
    expect(await put).toMatchObject({
      put: 1,
      urgent: false,
      ids: [mail.id],
      text: expect.stringContaining(mail.body),
    });
    expect(inbox.said).toEqual([]);
    plugin.say({ taken: 1 });
    await settle(20);
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
    plugin.say({ shown: [mail.id, 'mother'] });
    await settle(20);
    expect(inbox.said.at(-1)).toBe(`seen ${mail.position}`);
    expect(told.at(-1)?.door).toBe('plugin');
  });

  it('may refuse, with a reason that the sender is told', async () => {
    const { plugin, inbox, clock } = await plugged();
    inbox.deliver(letter());
    const put = plugin.next();
    await clock.run(100);
    await put;
    plugin.say({ refused: 1, reason: 'no session is open' });
    await settle(20);
    const again = plugin.next();
    await clock.run(31_000);
    await again;
    plugin.say({ refused: 2, reason: 'no session is open' });
    await settle(20);
    await clock.run(20_000);
    expect(inbox.said).toEqual([expect.stringMatching(/^unseen \d+: no session is open; reached at its next turn/)]);
  });

  it('that goes away with text in its hand has put in nothing', async () => {
    const { plugin, inbox, clock, told } = await plugged();
    inbox.deliver(letter());
    const put = plugin.next();
    await clock.run(100);
    await put;
    plugin.hangUp();
    await plugin.closed();
    await settle(20);
    expect([inbox.said, told.at(-1)?.door]).toEqual([[], undefined]);
  });

  it('asks at the end of a tool whether something is urgent, and says once it has put that in', async () => {
    const { plugin, inbox, program } = await plugged();
    program.does('busy');
    const mail = letter({ priority: 'urgent' });
    inbox.deliver(mail);
    await settle();
    plugin.say({ ask: 7, event: { kind: 'tool', tool: 'bash' } });
    expect(await plugin.next()).toMatchObject({ ask: 7, text: expect.stringContaining(`id=${mail.id}`) });
    expect(inbox.said).toEqual([]);
    plugin.say({ printed: 7 });
    await settle(20);
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
    plugin.say({ ask: 8, event: { kind: 'tool' } });
    expect(await plugin.next()).toEqual({ ask: 8 });
  });

  it('is told to wait no longer than a moment: one that does not answer is no door for a while', async () => {
    const { plugin, inbox, clock } = await plugged();
    inbox.deliver(letter());
    const put = plugin.next();
    await clock.run(100);
    await put;
    await clock.run(5_000);
    await settle(20);
    expect(inbox.said).toEqual([]);
    expect(inbox.mail).toHaveLength(0);
  });
});

describe('the local socket', () => {
  it.each(['no json\n', '{}\n', '[1]\n', '{"hook":5,"event":"Stop"}\n', '{"plugin":"x"}\n'])(
    'hangs up on who says %j',
    async (text) => {
      const { home } = await makeRig({ doors: [] });
      const client = LocalClient.of(home);
      client.say(text);
      expect(await client.next()).toBeUndefined();
    },
  );

  it('hangs up on who says nothing, and on who says too much', async () => {
    const { home, clock } = await makeRig({ doors: [] });
    const silent = LocalClient.of(home);
    await settle(20);
    await clock.run(5_000);
    await silent.closed();
    const long = LocalClient.of(home);
    long.say('x'.repeat(1024 * 1024 + 10));
    long.say('\n');
    await long.closed();
  });

  it('takes a line that comes in pieces', async () => {
    const { home } = await makeRig({ doors: [] });
    const client = LocalClient.of(home);
    for (const piece of ['{"hook":"claude-', 'code","event":"St', 'op","input":{}}\n']) {
      client.say(piece);
      await settle(3);
    }
    expect(await client.next()).toEqual({});
  });
});

describe('ids in the order of their coming', () => {
  it('go through hooks and doors in one order', async () => {
    const { inbox, clock, home, door, program } = await makeRig();
    program.reads(50);
    const all = letters(12);
    inbox.deliver(...all.slice(0, 4));
    await clock.run(500);
    program.does('busy');
    inbox.deliver(...all.slice(4, 8));
    await settle();
    const text = shown(await hook(home, 'UserPromptSubmit', { prompt: 'x' }));
    program.does('idle');
    inbox.deliver(...all.slice(8));
    await clock.run(500);
    const inHook = [...text.matchAll(/ id=(\w+)/g)].map(([, id]) => id);
    expect([door.ids[0], inHook, door.ids[1]].flat()).toEqual(idsOf(all));
  });
});
