#!/usr/bin/env bash
# Creates a virtual environment and generates Python code from the proto files, then runs each backend with each
# frontend. No process keeps running. Build the workspace first (npm ci && npm run build).
set -euo pipefail
cd "$(dirname "$0")"

python=.cache/venv/bin/python
if ! cmp --silent requirements.txt .cache/requirements.txt; then
  python3 -m venv --clear .cache/venv
  "$python" -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
  cp requirements.txt .cache/
fi
mkdir -p gen
"$python" -m grpc_tools.protoc -I ../../proto --python_out=gen --grpc_python_out=gen ../../proto/vyra/ipc/*.proto
export PYTHONPATH=gen

module="python_demo_$$"
backend_pid=
trap 'if [ -n "$backend_pid" ]; then kill "$backend_pid"; fi' EXIT

start() {
  "$@" "$module" &
  backend_pid=$!
  until [ -S "/tmp/${module}_ipc.sock" ] || ! kill -0 "$backend_pid"; do sleep 0.05; done
}

stop() {
  kill "$backend_pid"
  wait "$backend_pid" || true # ours ends by the signal, as its parent expects
  backend_pid=
}

for backend in "$python backend.py" "node backend.mjs"; do
  printf '\n== %s\n' "$backend"
  start $backend
  for frontend in "node frontend.mjs" "$python frontend.py"; do
    printf '%s\n' "-- $frontend"
    $frontend "$module"
  done
  stop
done

printf '\n== no backend\n'
for frontend in "node frontend.mjs" "$python frontend.py"; do
  printf '%s\n' "-- $frontend"
  $frontend "$module"
done
