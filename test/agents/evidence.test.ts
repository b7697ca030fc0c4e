/** What `agents/evidence.ts` promises of every record of a conversation, whatever is in the file. */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClaudeTranscript } from '../../src/agents/claude-code/transcript.ts';
import { Rollout } from '../../src/agents/codex/rollout.ts';
import { CopilotTranscript } from '../../src/agents/copilot/transcript.ts';
import { tempDir } from '../support/temp-dir.ts';

const ID = 'm0000000000001';
/** Deeper than JSON.stringify and String go. */
const deep = `${'['.repeat(20_000)}"${ID}"${']'.repeat(20_000)}`;
/** JSON that no String() makes a text of. */
const textless = '{"toString":1,"valueOf":1}';

const PROGRAMS = [
  {
    program: 'Claude Code',
    make: () => new ClaudeTranscript(),
    shows: `{"type":"user","message":{"content":"id=${ID}"}}`,
    answers: '{"type":"assistant","message":{"content":[]}}',
    odd: [
      `{"type":"user","message":{"content":${deep}}}`,
      `{"type":${textless},"x":"${ID}"}`,
      `{"type":"assistant","timestamp":${textless},"message":{"content":[{"type":"tool_use","name":"Bash"}]}}`,
      `{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash","id":${deep}}]}}`,
    ],
  },
  {
    program: 'Codex',
    make: () => new Rollout(),
    shows: `{"type":"response_item","payload":{"type":"message","role":"user","content":"${ID}"}}`,
    answers: '{"type":"response_item","payload":{"type":"reasoning"}}',
    odd: [
      `{"type":"response_item","payload":{"type":${deep}}}`,
      `{"type":"response_item","payload":{"type":${textless},"x":"${ID}"}}`,
      `{"type":"event_msg","timestamp":${textless},"payload":{"type":"task_started"}}`,
    ],
  },
  {
    program: 'Copilot CLI',
    make: () => new CopilotTranscript(),
    shows: `{"type":"user.message","data":{"content":"${ID}"}}`,
    answers: '{"type":"assistant.message","data":{"turnId":"1"}}',
    odd: [
      `{"type":"tool.execution_complete","data":{"toolCallId":"t","result":${deep}}}`,
      `{"type":"tool.execution_start","data":{"toolCallId":${textless},"toolName":"${ID}"}}`,
      `{"type":${textless}}`,
    ],
  },
];

describe.each(PROGRAMS)('the record of $program', ({ make, shows, answers, odd }) => {
  const followed = () => {
    const path = join(tempDir(), 'log.jsonl');
    writeFileSync(path, '');
    const transcript = make();
    transcript.follow(path);
    return { path, transcript };
  };
  const broken = ['', '{', '"', 'null', '[]', '7', `{"type":"user","x":"${ID}`, '\0', '\ufffd', ...odd];

  it('takes nothing amiss that stands in it, and finds what comes after', () => {
    const { path, transcript } = followed();
    const append = (...lines: string[]) => appendFileSync(path, `${lines.join('\n')}\n`);
    append(...broken);
    transcript.watch([ID]);
    append(...broken);
    transcript.look();
    transcript.watch([ID]);
    append(...broken, shows, ...broken, answers);
    expect([...transcript.look()]).toEqual([[ID, 'answered']]);
    transcript.watch([ID], { past: true });
    expect([...transcript.look()]).toEqual([[ID, 'answered']]);
  });

  it.each(['gone', 'a directory', 'no name at all'])('is looked at in vain when it is %s', (what) => {
    const { path, transcript } = followed();
    if (what === 'no name at all') transcript.follow('a\0b');
    else rmSync(path);
    if (what === 'a directory') mkdirSync(path);
    transcript.watch([ID], { past: true });
    expect([...transcript.look()]).toEqual([]);
  });
});
