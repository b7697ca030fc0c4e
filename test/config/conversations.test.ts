import { chmodSync, copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { conversationOf, conversations, isConversationId, writeConversation } from '../../src/config/conversations.ts';
import { conversation, scrawl } from '../resume/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('what is kept of a conversation', () => {
  it('is read as it was written, for each name', () => {
    const home = tempDir();
    const [one, two] = [conversation({ name: 'CC-2' }), conversation({ name: 'CC-1', isAllowed: true })];
    writeConversation(home, one);
    writeConversation(home, two);
    expect(conversationOf(home, 'CC-2')).toEqual(one);
    expect(conversations(home)).toEqual([two, one]);
  });

  it('is the last one of a name', () => {
    const home = tempDir();
    writeConversation(home, conversation({ id: 'c-1' }));
    writeConversation(home, conversation({ id: 'c-2' }));
    expect(conversations(home).map(({ id }) => id)).toEqual(['c-2']);
  });

  it('is for nobody else to read', () => {
    const home = tempDir();
    writeConversation(home, conversation());
    expect(statSync(join(home, 'resume/conversations/CC-1.json')).mode & 0o77).toBe(0);
  });

  it('is nothing, where nothing was ever kept', () => {
    expect([conversations(tempDir()), conversationOf(tempDir(), 'CC-1')]).toEqual([[], undefined]);
  });

  it.each(['../CC-1', 'all', '', 'a/b'])('is nothing for %j, which is no name', (name) => {
    expect(conversationOf(tempDir(), name)).toBeUndefined();
  });

  it('is not that of another name, where a disk does not tell small letters from capital ones', () => {
    const home = tempDir();
    writeConversation(home, conversation());
    const folder = join(home, 'resume/conversations');
    copyFileSync(join(folder, 'CC-1.json'), join(folder, 'cc-1.json'));
    expect(conversationOf(home, 'cc-1')).toBeUndefined();
  });

  it.each([
    ['no JSON', '{'],
    ['nothing', '{}'],
    ['a flag for an id', JSON.stringify({ ...conversation(), id: '--dangerous' })],
    ['a variable that is no text', JSON.stringify({ ...conversation(), variables: { X: 1 } })],
  ])('is nothing when it is damaged: %s', (_how, text) => {
    const home = tempDir();
    writeConversation(home, conversation());
    scrawl(home, 'conversations/CC-1.json', text);
    expect([conversations(home), conversationOf(home, 'CC-1')]).toEqual([[], undefined]);
  });

  it.skipIf(process.platform === 'win32')('is nothing when others could have written it', () => {
    const home = tempDir();
    writeConversation(home, conversation());
    chmodSync(join(home, 'resume/conversations/CC-1.json'), 0o622);
    expect(conversationOf(home, 'CC-1')).toBeUndefined();
  });
});

describe('the id of a conversation', () => {
  it.each(['dcea5911-7b4d-4194-b2c6-4556c14249de', 'ses_4f2', 'a'])('is %s', (id) => {
    expect(isConversationId(id)).toBe(true);
  });

  it.each(['', '-p', '--last', 'a b', 'a\n', '../x', 'x'.repeat(129)])('is not %j', (id) => {
    expect(isConversationId(id)).toBe(false);
  });
});
