/**
 * `eval "$(claude-relay shell-init)"`: defines `claude-session`, `claude-sessions` and `claude-peers` for a shell.
 *
 * What the shell gets is fixed text with two quoted words in it, the paths of node and of this script. A session's name is
 * only ever an argument and the value of an assignment: it is never evaluated. `✓` is printed after `register` answered
 * with success, and only then is anything exported.
 */
import { EXIT } from '../../util/failure.ts';
import { quoteFor, type Shell } from '../../util/shell-quote.ts';
import type { Command } from '../command.ts';
import { SHELLS, shellFrom } from '../shell.ts';

export const shellInit: Command = {
  name: 'shell-init',
  summary: 'Print the shell functions claude-session, claude-sessions and claude-peers.',
  details:
    'claude-session NAME names the sessions that are started from this shell (it exports CLAUDE_RELAY_SESSION_ID); ' +
    'claude-sessions lists all sessions; claude-peers lists who is connected.',
  arguments: [
    { name: 'shell', sentence: 'which shell; the one that runs this when left out', optional: true, choices: SHELLS },
  ],
  examples: [
    {
      line: 'eval "$(claude-relay shell-init)"',
      says: 'for bash and zsh: this shell, or in ~/.bashrc or ~/.zshrc',
      needs: 'nothing',
    },
    {
      line: 'claude-relay shell-init fish',
      says: 'for fish: put `claude-relay shell-init fish | source` into config.fish',
      needs: 'nothing',
    },
    {
      line: 'eval "$(claude-relay shell-init bash)" && claude-session CC-1',
      says: 'name this shell',
      needs: 'nothing',
    },
  ],
  run(ctx) {
    ctx.out.raw(shellFunctions(shellFrom(ctx.given.text('shell'), ctx), [ctx.node, ctx.script]));
    return EXIT.ok;
  },
};

/** `command`: the words that start this program. */
export function shellFunctions(shell: Shell, command: readonly string[]): string {
  const words = command.map((word) => quoteFor(shell, word)).join(' ');
  return shell === 'fish' ? fishFunctions(words) : posixFunctions(words);
}

/**
 * `function` before the name, since that keeps an alias of the name from being expanded; `local` apart from the assignment,
 * since it would hide the status. Holds under `set -eu`.
 */
function posixFunctions(command: string): string {
  return `function claude-session {
  if [ "$#" -ne 1 ]; then
    printf 'usage: claude-session NAME\\n' >&2
    return 2
  fi
  local claude_relay_name
  claude_relay_name="$(${command} register --pid "$$" -- "$1")" || return "$?"
  if [ -z "$claude_relay_name" ]; then
    printf 'claude-session: nothing was registered.\\n' >&2
    return 1
  fi
  export CLAUDE_RELAY_SESSION_ID="$claude_relay_name"
  printf '✓ Registered: CLAUDE_RELAY_SESSION_ID=%s\\n' "$CLAUDE_RELAY_SESSION_ID"
}
function claude-sessions {
  ${command} sessions "$@"
}
function claude-peers {
  ${command} peers "$@"
}
`;
}

function fishFunctions(command: string): string {
  return `function claude-session
    if test (count $argv) -ne 1
        printf 'usage: claude-session NAME\\n' >&2
        return 2
    end
    set -l claude_relay_name (${command} register --pid $fish_pid -- $argv[1])
    or return $status
    if test -z "$claude_relay_name"
        printf 'claude-session: nothing was registered.\\n' >&2
        return 1
    end
    set -gx CLAUDE_RELAY_SESSION_ID $claude_relay_name
    printf '✓ Registered: CLAUDE_RELAY_SESSION_ID=%s\\n' $CLAUDE_RELAY_SESSION_ID
end
function claude-sessions
    ${command} sessions $argv
end
function claude-peers
    ${command} peers $argv
end
`;
}
