#!/bin/sh
# Tell the room #build how a build went. For a CI job on the relay's machine; needs curl and jq-free shell only.
#
#   examples/ci-notify.sh green "main at 4f2c1a, 3 min 12 s"
set -eu

state=${1:?usage: ci-notify.sh green|red "what happened"}
what=${2:?usage: ci-notify.sh green|red "what happened"}
home=${CLAUDE_RELAY_HOME:-$HOME/.claude-relay}
url=${RELAY_HTTP:-http://localhost:9999}

priority=normal
[ "$state" = red ] && priority=urgent

# JSON by hand: quotes and backslashes escaped, line breaks made spaces.
text=$(printf '%s: %s' "$state" "$what" | tr '\n\r\t' '   ' | sed 's/[\\"]/\\&/g')

verb() {
  curl -sS --fail-with-body "$url/v1/$1" \
    -H "Authorization: Bearer $(cat "$home/token")" -H 'Relay-As: ci' -H 'Relay-Kind: script' -d "$2"
  echo
}

# Joining makes the room; for a member it changes nothing.
verb join '{"room": "#build"}'
verb send "{\"to\": \"#build\", \"priority\": \"$priority\", \"thread\": \"builds\", \"body\": \"$text\"}"
