#!/bin/sh
# Ask a session something and wait up to a minute for its answer, with the command line only.
#
#   examples/ask-and-wait.sh CC-2 "Is the build green?"
set -eu

to=${1:?usage: ask-and-wait.sh NAME "question"}
question=${2:?usage: ask-and-wait.sh NAME "question"}
me=${ASK_AS:-asker}

claude-relay send "$to" "$question" --as "$me"
claude-relay receive --as "$me" --wait "${ASK_WAIT:-60}"
