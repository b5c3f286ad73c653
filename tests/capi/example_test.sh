#!/bin/sh
# Runs an example program and checks what it prints. Usage: example_test.sh PROGRAM
set -eu
output=$(env -i "$1")
check() {
  printf '%s\n' "$output" | grep -q -x -e "$1" || { printf 'no line "%s" in:\n%s\n' "$1" "$output"; exit 1; }
}
check 'POST https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions'
check 'OpenAI-Project: proj_abc123'
check 'authorization: ([0-9]* bytes)'
check 'x-amz-date: [0-9]\{8\}T[0-9]\{6\}Z'
check '{"model": "openai.gpt-oss-20b", "messages": \[\]}'
check 'project proj_abc123, from client'
if printf '%s\n' "$output" | grep -q -e 'Signature' -e 'EXAMPLEKEY'; then
  echo 'a secret was printed'
  exit 1
fi
# A refused configuration is said on stderr, with its status.
if message=$(env -i COSTMARK_CONFLICT=perhaps "$1" 2>&1 >/dev/null); then
  echo 'a bad variable was not refused'
  exit 1
fi
printf '%s\n' "$message" | grep -q '^invalid_option: .*conflict'
