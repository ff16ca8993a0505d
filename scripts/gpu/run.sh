#!/usr/bin/env bash
# Builds the core on a machine with a GPU, runs its tests on CUDA, compares full size on the CPU and the GPU, times it beside the peers
# and writes figures. The machine needs CMake, a C++ compiler, make or Ninja, and a python3 with PyTorch (2.11 or newer); no Node and no
# network. Under ten minutes.
#
#     OUT=/tmp/gpu bash scripts/gpu/run.sh [part ...]
#
# Parts, in this order when none is named: build tests time plain trace peers compare. These run when they are named:
#
#     batch         images whose steps are made together
#     trace-batch   the kernels of eight of them
#     compiled      the tuned peer under torch.compile
#     node          the package itself: looks at the machine (`doctor`), times an image as a user of the API sees it, evaluates the
#                   miniature on the GPU and on the CPU. It needs .gpu/node.tar.xz, which `node scripts/gpu/carry.mjs` makes on a machine
#                   with Node, and builds the addon where `build` has not.
#
# What a part prints is in $OUT/<part>.log as soon as it is printed; figures are JSON beside it. Exit code 0: all parts passed. 1: the
# last lines name those that failed, or whose time ran out; the others have run. 2: nothing has run.
#
# Variables, with their defaults. DEVICE=cpu rehearses build, tests and node without a GPU; it has defaults of its own.
#
#     DEVICE        cuda                         cpu
#     OUT           /tmp/gpu                               logs and figures
#     WORK          /tmp/invseg-gpu                        build, weights (2.5 GB) and what is kept for the next call
#     TORCH         the folder of python3's torch
#     STEPS         15                           1         steps of an image, for compare and node
#     IMAGES        10                           1         images that node times
#     WARMUP        2                            0         images that node makes before them
#     BATCHES       1,2,4,8,16; node: 1,8,16     none      images per pass, for batch and node
#     DTYPES        float32 float16 bfloat16               types that compare compares with float32 on the CPU
#     TRACE_KEPT                                           not empty: trace keeps views
#     BUILD_SECONDS 240                          3600      after so long build is ended,
#     TESTS_SECONDS 150                          1800      and tests,
#     NODE_SECONDS  240                          1800      and node
#     LINES_SHOWN   25                                     last lines of a part that are shown when it has ended
set -uo pipefail

refuse() {
  echo "run.sh: $*" >&2
  exit 2
}

DEVICE=${DEVICE:-cuda}
case $DEVICE in
  cuda)
    parts=${*:-build tests time plain trace peers compare} BATCHES=${BATCHES:-}
    : "${STEPS:=15}" "${IMAGES:=10}" "${WARMUP:=2}" "${BUILD_SECONDS:=240}" "${TESTS_SECONDS:=150}" "${NODE_SECONDS:=240}"
    ;;
  cpu)
    parts=${*:-build tests node} BATCHES=${BATCHES:-none}
    : "${STEPS:=1}" "${IMAGES:=1}" "${WARMUP:=0}" "${BUILD_SECONDS:=3600}" "${TESTS_SECONDS:=1800}" "${NODE_SECONDS:=1800}"
    ;;
  *) refuse "expected DEVICE to be cuda or cpu but received $DEVICE" ;;
esac
for name in $parts; do
  case $name in
    build | tests | node) ;;
    time | batch | plain | trace | trace-batch | peers | compiled | compare)
      [ "$DEVICE" = cuda ] || refuse "$name needs a GPU: DEVICE=cpu rehearses build, tests and node"
      ;;
    *) refuse "no such part: $name (expected build, tests, time, batch, plain, trace, trace-batch, peers, compiled, compare or node)" ;;
  esac
done

OUT=${OUT:-/tmp/gpu} WORK=${WORK:-/tmp/invseg-gpu}
mkdir -p "$OUT" "$WORK" || refuse "expected folders that can be written as OUT and WORK"
OUT=$(cd "$OUT" && pwd) WORK=$(cd "$WORK" && pwd) # parts change the folder
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
case " $parts " in
  *' node '*) [ -e .gpu/node.tar.xz ] || refuse 'node needs .gpu/node.tar.xz, which carry.mjs makes on a machine with Node' ;;
esac
TORCH=${TORCH:-$(python3 -W ignore -c 'import torch; print(torch.__path__[0])' 2>/dev/null)}
[ -n "$TORCH" ] || refuse "python3 has no PyTorch, which the core is built with (\`python3 -c 'import torch'\` fails)"
[ -d "$TORCH/lib" ] || refuse "expected PyTorch's folder as TORCH but there is no $TORCH/lib"

bench=$WORK/build/invseg_bench
full=(--weights "$WORK/sd21" --scripts models/sd21)
export OMP_WAIT_POLICY=passive PYTHONUNBUFFERED=1

failures=()
part() { # name, seconds, command
  local name=$1 limit=$2 begin=$SECONDS status
  shift 2
  echo "== $name"
  rm -f "$OUT/$name.json" # an earlier call's would pass for this one's
  timeout -k 10 "$limit" "$@" >"$OUT/$name.log" 2>&1
  status=$?
  # 137: it did not end when it was asked to. Sooner it is another who killed it, where memory ran out for one.
  if [ $status = 124 ] || { [ $status = 137 ] && [ $((SECONDS - begin)) -ge "$limit" ]; }; then
    failures+=("$name: its time of $limit s ran out")
  elif [ $status != 0 ]; then
    failures+=("$name: status $status")
  fi
  echo "   status $status after $((SECONDS - begin)) s"
  tail -n "${LINES_SHOWN:-25}" "$OUT/$name.log" | cut -c1-220
  return $status
}

build() {
  local targets='invseg_tests invseg_bench' node=() generator=()
  # With the addon, where the package travelled along.
  if [ -e .gpu/node.tar.xz ]; then
    [ -x .gpu/node ] || tar -xf .gpu/node.tar.xz || return 1
    export PATH="$PWD/.gpu:$PATH"
    targets="$targets invseg invseg_shim" node=(-DCMAKE_JS_INC="$PWD/node_modules/node-api-headers/include")
  fi
  # A folder that has been configured keeps its generator.
  [ -e "$WORK/build/CMakeCache.txt" ] || ! command -v ninja >/dev/null || generator=(-G Ninja)
  cmake -S . -B "$WORK/build" "${generator[@]}" -DINVSEG_BUILD_TESTS=ON -DINVSEG_LIBTORCH="$TORCH" "${node[@]}" &&
    # shellcheck disable=SC2086
    cmake --build "$WORK/build" --target $targets -j "$(nproc)"
}
# The files of tests side by side, few threads each. A line as soon as a test has ended: nothing is lost where the time is up. A file
# that fails does not keep the next from running; xargs ends with 123 then.
tests() {
  export INVSEG_MINIATURE=$PWD/models/miniature OMP_NUM_THREADS=2
  # The longest first.
  { echo test_engine.cc && find native/tests -name 'test_*.cc' ! -name test_engine.cc -printf '%f\n'; } | sed 's/[.]cc$//' |
    xargs -P "$((($(nproc) + 1) / 2))" -I{} sh -c '"$1/build/invseg_tests" "$2" || { echo "$2 FAILED"; exit 1; }' - "$WORK" {}
}
# One image on the CPU, for `compare`. What a run that was ended has written is no reference.
reference() {
  local file=$WORK/cpu-$STEPS.pt
  [ -f "$file" ] || {
    "$bench" "${full[@]}" --device cpu --dtype float32 --steps "$STEPS" --images 0 --save "$file.part" && mv "$file.part" "$file"
  }
}
compare() {
  local dtype failed=0
  reference || return 1
  for dtype in ${DTYPES:-float32 float16 bfloat16}; do
    "$bench" "${full[@]}" --device cuda --dtype "$dtype" --steps "$STEPS" --images 0 --against "$WORK/cpu-$STEPS.pt" || failed=1
  done
  return $failed
}
peers() {
  mkdir -p "$WORK/inputs" && "$bench" "${full[@]}" --inputs "$WORK/inputs" || return 1
  cd scripts && python3 -W ignore -m bench.peers --weights "$WORK/sd21" --inputs "$WORK/inputs" --device cuda --json "$OUT/$1.json" "${@:2}"
}
kernels() { # name of a trace
  gzip -c "$WORK/$1.json" >"$OUT/$1.json.gz" && python3 scripts/gpu/kernels.py "$WORK/$1.json"
}
# A command that fails does not keep the next from running.
node_part() {
  local failed=0 list=${BATCHES:-1,8,16}
  export PATH="$PWD/.gpu:$PATH" INVSEG_LIBTORCH=$TORCH INVSEG_ADDON=$WORK/addon INVSEG_CACHE=$WORK/cache
  mkdir -p "$WORK/addon" && cp "$WORK/build/invseg.node" "$WORK/build/invseg_shim.node" "$WORK/addon/" || return 1
  # What the set-up would write beside its build.
  printf '{"format":"invseg-build/1","fingerprint":"by hand","libtorch":"%s","libtorchVersion":"%s","python":null}\n' "$TORCH" \
    "$(sed -n "s/^__version__ = '\(.*\)'.*/\1/p" "$TORCH/version.py")" >"$WORK/addon/invseg.json" || return 1
  invseg() {
    echo "-- invseg $*" >&2
    node dist/cli/main.js "$@" || { echo "-- FAILED with status $?: invseg $*" >&2 && failed=1; }
  }
  # From the start: an earlier call's images are not gone on with.
  evaluate() { invseg evaluate --dataset miniature --restart "$@"; }
  rm -f "$OUT/node-fresh.json" "$OUT/node-kept.json"
  invseg doctor --json >"$OUT/doctor.json"
  local image=(--model "$WORK/sd21" --device "$DEVICE" --steps "$STEPS" --images "$IMAGES" --warmup "$WARMUP" --batches "$list")
  invseg bench "${image[@]}" --json "$OUT/node-fresh.json"
  invseg bench "${image[@]}" --set views.fresh=perImage --json "$OUT/node-kept.json"
  [ "$DEVICE" = cpu ] || evaluate --sample 20 --device cuda --batch 4 --out "$WORK/runs-cuda"
  evaluate --sample 20 --device cpu --batch 4 --out "$WORK/runs-cpu"
  # Many images, with all numbers of names: what the 20 took besides is the start and the capture of graphs.
  [ "$DEVICE" = cpu ] || evaluate --sample 150 --device cuda --batch 8 --out "$WORK/many"
  return $failed
}
# Functions run under `timeout`, in a shell of their own.
in_shell() {
  local names='build tests reference compare peers kernels node_part' values='OUT WORK TORCH DEVICE STEPS IMAGES WARMUP BATCHES bench full'
  # shellcheck disable=SC2086
  part "$1" "$2" bash -c "set -uo pipefail; $(declare -f $names); $(declare -p $values); $3"
}

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader

# Made while the core is built, which is all that does not wait for them: the times of others would suffer.
weights=
for name in $parts; do
  case $name in build | tests) continue ;; esac
  if [ -z "$weights" ] && [ ! -f "$WORK/sd21/index.tsv" ]; then
    python3 -W ignore scripts/gpu/weights.py --out "$WORK/sd21" >"$OUT/weights.log" 2>&1 &
    weights=$!
  fi
done
await_weights() {
  local status
  [ -n "$weights" ] || return 0
  wait "$weights"
  status=$? weights=
  [ $status != 0 ] || return 0
  failures+=("weights: status $status")
  echo "== weights"
  echo "   status $status"
  tail -n 5 "$OUT/weights.log" | cut -c1-220
}
built=yes
# Says what a part needs and is not there, if anything is.
missing() {
  if [ -z "$built" ]; then
    echo 'the build failed'
  elif [ "$1" != node ] && [ ! -x "$bench" ]; then
    echo "there is no $bench; name build before it"
  elif [ "$1" != tests ] && [ ! -f "$WORK/sd21/index.tsv" ]; then
    echo 'the weights could not be made'
  fi
}
for name in $parts; do
  if [ "$name" = build ]; then
    in_shell build "$BUILD_SECONDS" build && built=yes || built=
    continue
  fi
  await_weights
  if [ "$name" = node ] && [ -n "$built" ] && [ ! -f "$WORK/build/invseg.node" ]; then
    in_shell node-build "$BUILD_SECONDS" build || built=
  fi
  reason=$(missing "$name")
  if [ -n "$reason" ]; then
    echo "== $name"
    echo "   not run: $reason"
    failures+=("$name: not run, $reason")
    continue
  fi
  case $name in
    tests)
      in_shell tests "$TESTS_SECONDS" tests
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
      part trace 60 "$bench" "${full[@]}" --device cuda --images 0 --trace "$WORK/trace.json" ${TRACE_KEPT:+--trace-kept} &&
        in_shell kernels 60 'kernels trace'
      ;;
    trace-batch)
      part trace-batch 60 "$bench" "${full[@]}" --device cuda --images 0 --trace "$WORK/trace-batch.json" --trace-kept --trace-batch 8 &&
        in_shell kernels-batch 60 'kernels trace-batch'
      ;;
    peers)
      in_shell peers 120 'peers peers --only straight --only tuned'
      in_shell peers-kept 60 'peers peers-kept --kept --only tuned'
      ;;
    compiled) in_shell compiled 240 'peers compiled --only compiled' ;;
    compare) in_shell compare 200 compare ;;
    node) in_shell node "$NODE_SECONDS" node_part ;;
  esac
done
if [ ${#failures[@]} = 0 ]; then
  echo '== all parts passed'
else
  echo '== failed'
  printf '%s\n' "${failures[@]}"
  exit 1
fi
