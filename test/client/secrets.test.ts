import { describe, expect, it } from 'vitest';
import { refuseSecrets } from '../../src/client/secrets.ts';
import { CODES, RelayError } from '../../src/protocol/codes.ts';

const TOKEN = `glpat-${'x7Kq2'.repeat(4)}`;

async function refusal(draft: Parameters<typeof refuseSecrets>[0]): Promise<RelayError> {
  const error = await refuseSecrets(draft).catch((thrown) => thrown);
  if (!(error instanceof RelayError)) throw new Error('It was not refused.', { cause: error });
  return error;
}

describe('a message with a secret', () => {
  it('is refused in words that say what and where, and nothing of it', async () => {
    const { code, message } = await refusal({ body: `one\ntwo\nuse ${TOKEN}\nDB_PASSWORD=kT9!aB3$xY` });
    expect(code).toBe('secret_found');
    expect(message).toBe(
      'The message seems to hold a secret (GitLab token in line 3, password in line 4); nothing was sent.',
    );
    expect(CODES.secret_found.retry).toBe(false);
  });

  it('is refused for what stands beside the text', async () => {
    const thread = await refusal({ body: 'hello', thread: TOKEN });
    expect(thread.message).toContain('(GitLab token beside the text)');
    const attached = await refusal({ body: 'hello', attachments: [{ name: TOKEN }] });
    expect(attached.message).toContain('(GitLab token beside the text)');
  });

  it('names four of many, and counts the rest', async () => {
    const { message } = await refusal({ body: Array.from({ length: 9 }, () => TOKEN).join('\n') });
    expect(message).toMatch(/\(GitLab token in line 1, .* in line 4 and 5 more\)/);
  });

  it('goes, when there is none', async () => {
    await expect(refuseSecrets({ body: 'Is the build green?', thread: 'auth' })).resolves.toBeUndefined();
  });
});
