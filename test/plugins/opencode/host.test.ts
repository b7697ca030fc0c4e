import { describe, expect, it } from 'vitest';
import { hostOf } from '../../../src/plugins/opencode/host.ts';
import { FakeOpenCode } from './fake-opencode.ts';

function host() {
  const fake = new FakeOpenCode();
  const found = hostOf({ client: fake.client, directory: '/project', serverUrl: new URL('http://localhost:4096') });
  if (!found) throw new Error('it was not recognised');
  return { fake, host: found };
}

describe('OpenCode', () => {
  it.each([
    undefined,
    {},
    { directory: '/project' },
    { client: {}, directory: '/project' },
    { client: { session: { prompt: () => undefined } }, directory: '/project' },
    { client: { session: { promptAsync: 'no' } }, directory: '/project' },
    { client: new FakeOpenCode().client },
    // A later one gives its plugins other things.
    { options: {}, agent: {}, catalog: {}, plugin: {} },
  ])('of another kind is not used: %j', (input) => {
    expect(hostOf(input)).toBeUndefined();
  });

  it('takes a prompt in the manner that is given', async () => {
    const { fake, host: opencode } = host();
    const manner = { agent: 'plan', model: { providerID: 'p', modelID: 'm' }, variant: 'high' };
    expect(await opencode.prompt('s1', 'hello', manner)).toBeUndefined();
    expect(await opencode.prompt('s1', 'again', undefined)).toBeUndefined();
    expect(fake.prompts).toEqual([
      { path: { id: 's1' }, body: { ...manner, parts: [{ type: 'text', text: 'hello' }] } },
      { path: { id: 's1' }, body: { parts: [{ type: 'text', text: 'again' }] } },
    ]);
  });

  it('says why it does not take one', async () => {
    const { fake, host: opencode } = host();
    fake.answers.push({ error: { name: 'NotFoundError', data: {} } }, { error: 'x' });
    expect(await opencode.prompt('s1', 'x', undefined)).toBe('it was refused (NotFoundError)');
    expect(await opencode.prompt('s1', 'x', undefined)).toBe('it was refused (unknown reason)');
  });

  it('is asked for a conversation, and for all', async () => {
    const { fake, host: opencode } = host();
    fake.infos.push({ id: 's1' }, { id: 's2', parentID: 's1' });
    expect(await opencode.get('s2')).toEqual({ id: 's2', parentID: 's1' });
    expect(await opencode.get('s3')).toBeUndefined();
    expect(await opencode.list()).toEqual(fake.infos);
  });

  it('tells from its messages how the person spoke last', async () => {
    const { fake, host: opencode } = host();
    expect(await opencode.lastManner('s1')).toBeUndefined();
    fake.messages = [
      { info: { role: 'user', agent: 'build' } },
      { info: { role: 'user', agent: 'plan', model: { providerID: 'p', modelID: 'm' } } },
      { info: { role: 'assistant', agent: 'other' } },
    ];
    expect(await opencode.lastManner('s1')).toEqual({ agent: 'plan', model: { providerID: 'p', modelID: 'm' } });
  });

  it('of a version without the lesser calls is used without them', async () => {
    const opencode = hostOf({ client: { session: { promptAsync: async () => ({}) } }, directory: '/p' });
    expect(await opencode?.prompt('s1', 'x', undefined)).toBeUndefined();
    expect([await opencode?.get('s1'), await opencode?.list(), await opencode?.lastManner('s1')]).toEqual([
      undefined,
      [],
      undefined,
    ]);
  });
});
