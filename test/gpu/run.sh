#!/usr/bin/env bash
# Checks and times the programs beside it on a device. Needs its driver, bash, coreutils, sed, awk and gzip.
#   ./run.sh [--device cuda:0] [--quick]      quick: a hundred updates of LeNet, two runs of each time
# Leaves report.json and report.txt here. Ends with 0 when every program computed what it should and LeNet learned.
set -uo pipefail
cd "$(dirname "$0")"
device=cuda:0
quick=""
while [ $# -gt 0 ]; do
  case "$1" in
  --device)
    device=${2:?run.sh: --device needs a name like cuda:0}
    shift 2
    ;;
  --quick)
    quick=1
    shift
    ;;
  *)
    printf 'run.sh: error: unknown option %s\n' "$1" >&2
    exit 2
    ;;
  esac
done
export LC_ALL=C
! compgen -G 'programs/*.gz' >/dev/null || gzip -df programs/*.gz
if ldd programs/* | grep -q 'libstdc++.* not found'; then
  export LD_LIBRARY_PATH=$PWD/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
mkdir -p out
: >report.txt
say() { printf '%s\n' "$*" | tee -a report.txt; }
# A field of one line of JSON that a program printed, before its lists.
field() { sed -E 's/"(kernels|differences)":.*//' <<<"$2" | sed -nE "s/^[^\n]*[{,]\"$1\":(\"([^\"]*)\"|([^,}]*)).*/\2\3/p"; }
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/\t/ /g' | tr '\n' ' '; }
joined() { local IFS=,; printf '%s' "$*"; }

failures=0
say "machine: $(uname -srm)"
command -v nvidia-smi >/dev/null && say "$(nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader)"
say ""

say "numbers against the CPU's (tolerance in units of each tensor's root mean square)"
say "$(printf '  %-14s %9s %9s  %s' model compared differ 'largest difference')"
checks=()
for expected in expected/*.safetensors; do
  model=$(basename "$expected" .safetensors)
  told=$("programs/$model" check --device "$device" --with "$expected" --json 2>out/error.txt)
  if [ -z "$told" ]; then
    failures=$((failures + 1))
    say "$(printf '  %-14s failed: %s' "$model" "$(cat out/error.txt)")"
    checks+=("{\"model\":\"$model\",\"error\":\"$(quoted "$(cat out/error.txt)")\"}")
    continue
  fi
  differ=$(field failed "$told")
  [ "$differ" = 0 ] || failures=$((failures + 1))
  # What is no number counts as the largest.
  worst=$(sed -E 's/.*"differences":\{//; s/\}.*//; s/,"/\n"/g' <<<"$told" |
    sed -E 's/^"(.*)":([^:]*)$/\2 \1/; s/^null/inf/' | sort -g | tail -n 1)
  say "$(printf '  %-14s %9s %9s  %.1e %s' "$model" "$(field compared "$told")" "$differ" "${worst%% *}" "${worst#* }")"
  checks+=("$told")
done
say ""

length=(--epochs 3)
least=98
# A few thousand digits do not teach as much as 60,000.
[ "$(stat -c %s data/train-images-idx3-ubyte*)" -gt 5000000 ] || least=90
if [ -n "$quick" ]; then
  length=(--iterations 100)
  least=75
fi
started=$(date +%s.%N)
told=$(programs/lenet train --device "$device" --data data --out out/lenet.safetensors "${length[@]}" 2>&1 | tee out/train.txt | tail -n 1)
seconds=$(awk -v a="$started" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
top1=$(sed -nE 's/^top1 ([0-9.]+).*/\1/p' <<<"$told")
learned=true
awk -v got="${top1:-0}" -v least="$least" 'BEGIN { exit !(got >= least) }' || { learned=false; failures=$((failures + 1)); }
say "LeNet, ${length[*]}, in $seconds s: $told (at least $least % right: $learned)"
training="{\"length\":\"${length[*]}\",\"seconds\":$seconds,\"top1\":${top1:-0},\"least\":$least,\"learned\":$learned,\"told\":\"$(quoted "$told")\"}"
say ""

say "times with copies of images and outputs, and without (images/s, TFLOP/s by the compiler's count, share of the fp32 peak)"
say "$(printf '  %-9s %-6s %6s %12s %12s %12s %9s %7s' model '' batch 'with, ms' 'without, ms' images/s TFLOP/s peak)"
benches=()
kernels=""
repeat=()
[ -z "$quick" ] || repeat=(--repeat 2)
for model in lenet alexnet; do
  [ -x "programs/$model" ] || continue
  for mode in "infer 1" "infer 128" "train 128"; do
    read -r what batch <<<"$mode"
    options=(--batch "$batch")
    [ "$what" = infer ] || options+=(--train)
    told=$("programs/$model" bench --device "$device" "${options[@]}" "${repeat[@]}" --json 2>out/error.txt)
    if [ -z "$told" ]; then
      failures=$((failures + 1))
      say "$(printf '  %-9s %-6s %6s failed: %s' "$model" "$what" "$batch" "$(cat out/error.txt)")"
      benches+=("{\"model\":\"$model\",\"mode\":\"$what\",\"batch\":$batch,\"error\":\"$(quoted "$(cat out/error.txt)")\"}")
      continue
    fi
    # On the CPU there are no copies.
    alone=_computing
    ms=$(field ms_computing "$told")
    [ -n "$ms" ] || { alone=""; ms=$(field ms_median "$told"); }
    say "$(awk -v m="$model" -v w="$what" -v b="$batch" -v with="$(field ms_median "$told")" -v ms="$ms" \
      -v g="$(field gflops$alone "$told")" -v p="$(field peak_percent$alone "$told")" \
      'BEGIN { printf "  %-9s %-6s %6d %12.4f %12.4f %12.0f %9.3f %6.1f%%", m, w, b, with, ms, 1000 * b / ms, g / 1000, p }')"
    benches+=("$told")
    # Kernels with sums, each launched and waited for by itself.
    [ "$model $mode" != "alexnet infer 128" ] && [ "$model $mode" != "alexnet train 128" ] ||
      kernels+=$(sed 's/{"name":/\n&/g' <<<"$told" | sed -nE \
        "s/^\{\"name\":\"((conv|fc)[^\"]*)\",\"ms\":([^,]*),\"gflops\":([^,]*),\"peak_percent\":([^,]*),.*/$what \3 \4 \5 \1/p")$'\n'
  done
done
device_text=$(field device "${benches[0]:-}")
say "device: ${device_text:-unknown}, peak $(awk -v g="$(field peak_gflops "${benches[0]:-}")" 'BEGIN { printf "%.2f", g / 1000 }') TFLOP/s"
say ""
if [ -n "$kernels" ]; then
  say "AlexNet's kernels at batch 128, each waited for"
  say "$(printf '  %-6s %10s %9s %7s  %s' '' ms TFLOP/s peak kernel)"
  while read -r what ms gflops percent name; do
    [ -z "$what" ] || say "$(awk -v w="$what" -v ms="$ms" -v g="$gflops" -v p="$percent" -v n="$name" \
      'BEGIN { printf "  %-6s %10.4f %9.3f %6.1f%%  %s", w, ms, g / 1000, p, n }')"
  done <<<"$kernels"
  say ""
fi

printf '{"machine":"%s","device":"%s","failures":%d,"checks":[%s],"training":%s,"benches":[%s]}\n' "$(quoted "$(uname -srm)")" \
  "$(quoted "${device_text:-$device}")" "$failures" "$(joined "${checks[@]}")" "$training" "$(joined "${benches[@]}")" >report.json
say "failures: $failures"
[ "$failures" -eq 0 ]
