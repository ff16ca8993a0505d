#!/usr/bin/env bash
# Builds the core on a machine with a GPU, CMake and PyTorch (2.11 or newer), runs its tests on CUDA, compares full size on the
# CPU and the GPU, times it beside the peers and writes figures; no Node and no network. Under ten minutes.
#
#     OUT=/tmp/gpu bash scripts/gpu/run.sh [part ...]
#
# STEPS is the number of steps that `compare` and `node` make (15). Parts, in this order when none is named: build tests time plain trace peers compare.
# `batch` times images whose steps are made together, `compiled` the tuned peer under torch.compile; they run when they are
# named. So does `node`, the package itself: it needs .gpu/node.tar.xz (`node scripts/gpu/carry.mjs` on a machine with Node, then carry
# .gpu), builds the addon, looks at the machine (`doctor`), times an image as a user of the API sees it, and evaluates the miniature on
# the GPU and on the CPU. What a part prints is in $OUT/<part>.log; figures are JSON beside it. DEVICE=cpu rehearses `node` without a GPU.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
OUT=${OUT:-/tmp/gpu}
WORK=${WORK:-/tmp/invseg-gpu}
TORCH=${TORCH:-$(python3 -c 'import torch; print(torch.__path__[0])')}
DEVICE=${DEVICE:-cuda}
mkdir -p "$OUT" "$WORK"
parts=${*:-build tests time plain trace peers compare}
bench=$WORK/build/invseg_bench
full=(--weights "$WORK/sd21" --scripts models/sd21)
export OMP_WAIT_POLICY=passive PYTHONUNBUFFERED=1

part() { # name, seconds, command
  local name=$1 limit=$2 begin=$SECONDS
  shift 2
  echo "== $name"
  timeout "$limit" "$@" >"$OUT/$name.log" 2>&1
  echo "   status $? after $((SECONDS - begin)) s"
  tail -n "${LINES_SHOWN:-25}" "$OUT/$name.log" | cut -c1-220
}

build() {
  local targets='invseg_tests invseg_bench' node=()
  # With the addon, where the package travelled along.
  if [ -e .gpu/node.tar.xz ]; then
    [ -x .gpu/node ] || tar -xf .gpu/node.tar.xz || return 1
    export PATH="$PWD/.gpu:$PATH"
    targets="$targets invseg invseg_shim" node=(-DCMAKE_JS_INC="$PWD/node_modules/node-api-headers/include")
  fi
  cmake -S . -B "$WORK/build" -G Ninja -DINVSEG_BUILD_TESTS=ON -DINVSEG_LIBTORCH="$TORCH" "${node[@]}" &&
    # shellcheck disable=SC2086
    cmake --build "$WORK/build" --target $targets -j "$(nproc)"
}
# The files of tests side by side, few threads each. A line as soon as a test has ended: nothing is lost where the time is up.
tests() {
  export INVSEG_MINIATURE=$PWD/models/miniature OMP_NUM_THREADS=2
  # The longest first.
  { echo test_engine.cc && find native/tests -name 'test_*.cc' ! -name test_engine.cc -printf '%f\n'; } | sed 's/[.]cc$//' |
    xargs -P "$((($(nproc) + 1) / 2))" -I{} sh -c '"$1/build/invseg_tests" {} || echo "{} FAILED"' - "$WORK"
}
# One image on the CPU, for `compare`.
reference() {
  [ -f "$WORK/cpu.pt" ] ||
    "$bench" "${full[@]}" --device cpu --dtype float32 --steps "${STEPS:-15}" --images 0 --save "$WORK/cpu.pt"
}
compare() {
  reference &&
    for dtype in ${DTYPES:-float32 float16 bfloat16}; do
      "$bench" "${full[@]}" --device cuda --dtype "$dtype" --steps "${STEPS:-15}" --images 0 --against "$WORK/cpu.pt" || return 1
    done
}
peers() {
  cd scripts && python3 -W ignore -m bench.peers --weights "$WORK/sd21" --inputs "$WORK/inputs" --device cuda --json "$OUT/$1.json" "${@:2}"
}
node_part() {
  [ -f "$WORK/build/invseg.node" ] || build >"$OUT/node-build.log" 2>&1 || return 1
  export PATH="$PWD/.gpu:$PATH" INVSEG_LIBTORCH=$TORCH INVSEG_ADDON=$WORK/addon INVSEG_CACHE=$WORK/cache
  mkdir -p "$WORK/addon" && cp "$WORK/build/invseg.node" "$WORK/build/invseg_shim.node" "$WORK/addon/" || return 1
  # What the set-up would write beside its build.
  printf '{"format":"invseg-build/1","fingerprint":"by hand","libtorch":"%s","libtorchVersion":"%s","python":null}\n' "$TORCH" \
    "$(sed -n "s/^__version__ = '\(.*\)'.*/\1/p" "$TORCH/version.py")" >"$WORK/addon/invseg.json"
  invseg() { echo "-- invseg $*" >&2 && node dist/cli/main.js "$@"; }
  invseg doctor --json >"$OUT/doctor.json"
  echo "doctor: $?"
  local full=(--model "$WORK/sd21" --device "$DEVICE" --steps "${STEPS:-15}" --images "${IMAGES:-10}")
  invseg bench "${full[@]}" --batches "${BATCHES:-1,8,16}" --json "$OUT/node-fresh.json"
  invseg bench "${full[@]}" --batches "${BATCHES:-1,8,16}" --set views.fresh=perImage --json "$OUT/node-kept.json"
  for device in "$DEVICE" cpu; do
    invseg evaluate --dataset miniature --sample 20 --device "$device" --batch 4 --out "$WORK/runs-$device-$$"
  done
  # Many images, with all numbers of names: what the 20 took besides is the start and the capture of graphs.
  [ "$DEVICE" = cpu ] || invseg evaluate --dataset miniature --sample 150 --device "$DEVICE" --batch 8 --out "$WORK/many-$$"
}
# Functions run under `timeout`, in a shell of their own.
in_shell() {
  local names='build tests reference compare peers node_part'
  part "$1" "$2" bash -c "$(declare -f $names); $(declare -p OUT WORK TORCH DEVICE bench full); $3"
}

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
if [ ! -f "$WORK/sd21/index.tsv" ]; then
  python3 -W ignore scripts/gpu/weights.py --out "$WORK/sd21" >"$OUT/weights.log" 2>&1 &
fi
for name in $parts; do
  [ "$name" = build ] || wait # for the weights
  case $name in
    build) in_shell build 240 build ;;
    tests)
      in_shell tests 150 tests
      echo "   $(grep -c ' ok$' "$OUT/tests.log") passed; what failed:"
      grep FAILED "$OUT/tests.log"
      ;;
    time)
      part time 90 "$bench" "${full[@]}" --device cuda --images 10 --json "$OUT/time.json"
      # The same with a wait after each step.
      part time-stepwise 60 "$bench" "${full[@]}" --device cuda --images 5 --at-once 1 --json "$OUT/time-stepwise.json"
      ;;
    batch) part batch 120 "$bench" "${full[@]}" --device cuda --images 0 --batches "${BATCHES:-1,2,4,8,16}" --json "$OUT/batch.json" ;;
    plain) part plain 60 "$bench" "${full[@]}" --device cuda --images 3 --plain --json "$OUT/plain.json" ;;
    trace)
      part trace 60 "$bench" "${full[@]}" --device cuda --images 0 --trace "$WORK/trace.json" ${TRACE_KEPT:+--trace-kept}
      part kernels 60 python3 scripts/gpu/kernels.py "$WORK/trace.json"
      gzip -c "$WORK/trace.json" >"$OUT/trace.json.gz"
      ;;
    trace-batch)
      part trace-batch 60 "$bench" "${full[@]}" --device cuda --images 0 --trace "$WORK/batch.json" --trace-kept --trace-batch 8
      part kernels-batch 60 python3 scripts/gpu/kernels.py "$WORK/batch.json"
      gzip -c "$WORK/batch.json" >"$OUT/trace-batch.json.gz"
      ;;
    peers)
      mkdir -p "$WORK/inputs"
      "$bench" "${full[@]}" --inputs "$WORK/inputs"
      in_shell peers 120 'peers peers --only straight --only tuned'
      in_shell peers-kept 60 'peers peers-kept --kept --only tuned'
      ;;
    compiled) in_shell compiled 240 'peers compiled --only compiled' ;;
    compare) in_shell compare 200 compare ;;
    node) in_shell node "${NODE_SECONDS:-240}" node_part ;;
    *) echo "no such part: $name" ;;
  esac
done
