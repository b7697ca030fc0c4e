import { describe, expect, it } from 'vitest';
import { ChannelDoor } from '../../../src/agents/claude-code/channel-door.ts';
import { PARCEL, runDoorContract } from '../../contract/door.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function make(commandLine = ['claude', '--channels', 'plugin:relay@x']) {
  const said: { method: string; params: Readonly<Record<string, unknown>> }[] = [];
  let isTaken = true;
  const door = new ChannelDoor(commandLine, (method, params) => {
    if (isTaken) said.push({ method, params });
    return isTaken;
  });
  return {
    door,
    said,
    clock: new FakeClock(),
    received: () => said.map(({ params }) => String(params['content'])),
    shut: () => {
      isTaken = false;
    },
    teardown: () => undefined,
  };
}

runDoorContract('channel', async () => make());

describe('the channel of Claude Code', () => {
  it.each([
    [['claude'], false],
    [['claude', '-p', 'talk about --channels'], false],
    [['claude', '--channels', 'plugin:relay@here'], true],
    [['claude', '--channels=plugin:relay@here'], true],
    [['claude', '--dangerously-load-development-channels', 'server:relay'], true],
    [[], false],
  ])('is open as the command line %j says: %s', (commandLine, isOpen) => {
    expect(make(commandLine).door.isOpen()).toBe(isOpen);
  });

  it('is told who writes, with keys that it does not drop', async () => {
    const { door, said } = make();
    await door.give(PARCEL);
    expect(said).toEqual([
      {
        method: 'notifications/claude/channel',
        params: { content: PARCEL.text, meta: { from: 'CC-2', msg_id: 'm1,m2' } },
      },
    ]);
    for (const key of Object.keys(said[0]?.params['meta'] as object)) expect(key).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
  });
});
