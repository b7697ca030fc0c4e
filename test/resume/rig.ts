/** A waker with a relay, a program and a clock that the test owns. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resume } from '../../src/agents/resume.ts';
import { type Conversation, writeConversation } from '../../src/config/conversations.ts';
import type { RelayError } from '../../src/protocol/codes.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { Mail } from '../../src/resume/mail.ts';
import { writePolicy } from '../../src/resume/policy.ts';
import { Waker } from '../../src/resume/waker.ts';
import type { GroupRan, GroupRun } from '../../src/util/run-group.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

export function conversation(over: Partial<Conversation> = {}): Conversation {
  return {
    name: 'CC-1',
    program: 'fake',
    id: 'c-1',
    cwd: tempDir(),
    host: 'here',
    executable: process.execPath,
    variables: { FAKE_HOME: '/somewhere' },
    isAllowed: false,
    at: 1,
    ...over,
  };
}

export class FakeMail implements Mail {
  readonly inbox: Envelope[] = [];
  readonly answers: { name: string; id: string; reply_to: string; body: string }[] = [];
  readonly answered = new Set<string>();
  isOnline = false;
  /** Thrown by what is asked next, one after the other. */
  readonly errors: RelayError[] = [];

  async waiting(): Promise<readonly Envelope[]> {
    this.#fail();
    return [...this.inbox];
  }

  async isHere(): Promise<boolean> {
    this.#fail();
    return this.isOnline;
  }

  async hasAnswered(_name: string, { id }: { readonly id: string }): Promise<boolean> {
    this.#fail();
    return this.answered.has(id);
  }

  async answer(name: string, answer: { id: string; reply_to: string; body: string }): Promise<void> {
    this.#fail();
    this.answers.push({ name, ...answer });
  }

  #fail(): void {
    const error = this.errors.shift();
    if (error) throw error;
  }
}

export function letter(over: Partial<Envelope> = {}): Envelope {
  return { id: 'm1', position: 1, from: 'PEER', to: ['CC-1'], at: 1_000, body: 'a secret word', ...over };
}

/** A session that has ended and may be woken, unless the test says otherwise. */
export function makeWaker({ allowed = true, told = conversation() } = {}) {
  const home = tempDir();
  const clock = new FakeClock();
  const mail = new FakeMail();
  const runs: GroupRun[] = [];
  const said: string[] = [];
  const ended: number[] = [];
  const stop = new AbortController();
  const state: { why: string | undefined; ran: GroupRan; during: () => void } = {
    why: undefined,
    ran: { code: 0, stdout: 'Done.\n' },
    // It reads what waits.
    during: () => void mail.inbox.splice(0),
  };
  const fake: Resume = {
    command: 'fake',
    variables: ['FAKE_HOME', 'FAKE_OTHER'],
    args: (id, prompt) => ['--go-on', id, prompt],
    obstacle: () => state.why,
  };
  writeConversation(home, told);
  if (allowed) writePolicy(home, { name: told.name, isAllowed: true });
  const waker = new Waker({
    here: {
      home,
      userHome: home,
      host: 'here',
      platform: 'linux',
      env: { PATH: '/bin', FAKE_OTHER: 'of the waker' },
      resumeOf: (program) => (program === 'fake' ? fake : undefined),
    },
    mail,
    clock,
    run: async (run) => {
      runs.push(run);
      run.onStart(process.pid);
      state.during();
      return state.ran;
    },
    endGroup: async (pid) => void ended.push(pid),
    limit: 600_000,
    signal: stop.signal,
    say: (what) => void said.push(what),
  });
  /** As the watch does: again after the time that a message has to settle. */
  const consider = async () => {
    const first = await waker.consider('CC-1');
    if (first !== 'later') return first;
    clock.advance(3_000);
    return waker.consider('CC-1');
  };
  return { home, clock, mail, runs, said, ended, stop, state, waker, consider, told };
}

/** What a damaged disk, or somebody else, left. */
export function scrawl(home: string, file: string, text = '{'): void {
  writeFileSync(join(home, 'resume', file), text, { mode: 0o600 });
}
