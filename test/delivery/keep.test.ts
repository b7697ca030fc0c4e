import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { conversationOf, conversations } from '../../src/config/conversations.ts';
import { makeRig } from './rig.ts';

describe('which conversation a session is', () => {
  it('is written down as soon as a hook or a call says it', async () => {
    const { delivery, home } = await makeRig();
    expect(conversations(home)).toEqual([]);
    delivery.bound({ session: 'c-1' });
    expect(conversationOf(home, 'CC-1')).toMatchObject({
      program: 'claude-code',
      id: 'c-1',
      cwd: '/project',
      isAllowed: false,
    });
  });

  it('is the next one when its person begins another', async () => {
    const { delivery, home } = await makeRig();
    delivery.bound({ session: 'c-1' });
    delivery.bound({ session: 'c-2' });
    expect(conversationOf(home, 'CC-1')?.id).toBe('c-2');
  });

  it('is what the program itself says, where no hook does', async () => {
    const { program, home, clock } = await makeRig();
    program.conversation = 'c-1';
    await clock.run(1_000);
    expect(conversationOf(home, 'CC-1')?.id).toBe('c-1');
    program.conversation = 'c-2';
    await clock.run(1_000);
    expect(conversationOf(home, 'CC-1')?.id).toBe('c-2');
  });

  it('stays when the session has ended', async () => {
    const { delivery, home } = await makeRig({ isResumable: true });
    delivery.bound({ session: 'c-1' });
    delivery.stop();
    expect(conversationOf(home, 'CC-1')).toMatchObject({ id: 'c-1', isAllowed: true });
  });

  it('keeps no more of the environment than where the program keeps its conversations', async () => {
    const env = { CLAUDE_CONFIG_DIR: '/config', ANTHROPIC_API_KEY: 'secret' };
    const { delivery, home } = await makeRig({ env });
    delivery.bound({ session: 'c-1' });
    expect(conversationOf(home, 'CC-1')?.variables).toEqual({ CLAUDE_CONFIG_DIR: '/config' });
  });

  it('is not written down when it could be taken for a flag', async () => {
    const { delivery, home } = await makeRig();
    delivery.bound({ session: '--continue' });
    expect(existsSync(join(home, 'resume'))).toBe(false);
  });
});
