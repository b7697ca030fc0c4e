/** Claude Code. Facts as of 2.1.330. */
import { join } from 'node:path';
import { commandLineOf } from '../../util/processes.ts';
import type { AgentProgram, Beside, Place } from '../program.ts';
import { CHANNEL_CAPABILITY, ChannelDoor } from './channel-door.ts';
import { claudeCodeDialect } from './dialect.ts';
import { claudeConfigDir, SessionRegistry } from './registry.ts';
import { claudeCodeResume } from './resume.ts';
import { SocketDoor } from './socket-door.ts';
import { ClaudeTranscript } from './transcript.ts';

export const claudeCode: AgentProgram = {
  id: 'claude-code',
  title: 'Claude Code',
  signs: { marks: ['CLAUDECODE', 'CLAUDE_CODE_SESSION_ID'], session: 'CLAUDE_CODE_SESSION_ID' },
  clientName: 'claude-code',
  // A call of more than 2 minutes goes on in the background there, and its answer wakes the session.
  traits: { waitSeconds: 240, replacesText: true },
  dialect: claudeCodeDialect,
  doorless: 'it has opened no inbox socket, as Claude Code does from 2.1.224 on',
  resume: claudeCodeResume,
  beside,
};

function beside({ env, parent, cwd, userHome, clock, random, notify }: Place): Beside {
  const config = claudeConfigDir(env, userHome);
  const registry = new SessionRegistry(config, parent);
  const transcript = new ClaudeTranscript();
  const follow = (session: string | undefined) => {
    if (session !== undefined) transcript.follow(transcriptPath(config, cwd, session));
  };
  follow(env.CLAUDE_CODE_SESSION_ID);
  const socket = () => env.CLAUDE_CODE_MESSAGING_SOCKET ?? registry.read().socket;
  return {
    doors: [
      new SocketDoor({ socket, token: env.CLAUDE_CODE_MESSAGING_TOKEN, clock, random }),
      new ChannelDoor(commandLineOf(parent), notify),
    ],
    transcript,
    experimental: CHANNEL_CAPABILITY,
    activity() {
      const { activity } = registry.read();
      const tool = activity?.doing === 'busy' ? transcript.tool : undefined;
      return activity && (tool ? { ...activity, since: tool.since, tool: tool.name } : activity);
    },
    conversation: () => registry.read().session,
    bound({ session, transcript: path }) {
      if (path === undefined) follow(session);
      else transcript.follow(path);
    },
  };
}

/** Each character of the directory that is no letter or digit is a dash in the name of its folder. */
function transcriptPath(config: string, cwd: string, session: string): string {
  return join(config, 'projects', cwd.replaceAll(/[^A-Za-z0-9]/g, '-'), `${session}.jsonl`);
}
