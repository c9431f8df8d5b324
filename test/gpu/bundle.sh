#!/usr/bin/env bash
# Makes one folder that checks and times the compiler's GPU programs on a Linux machine with NVIDIA's driver and nothing else:
# programs, digests of what the CPU computes, handwritten digits, run.sh.
#   test/gpu/bundle.sh [-o FOLDER] [--data DIR] [--opencl] [--most MB] [MODEL...]
# DIR holds MNIST's files (default: what ./dev demo trains on). --opencl: programs for OpenCL, too. --most: what the folder is to
# stay under (60). Without models: all below.
set -euo pipefail
cd "$(dirname "$0")/../.."
fail() { printf 'bundle.sh: error: %s\n' "$*" >&2; exit 1; }

folder=build/gpu-bundle
data=""
targets=cuda,x86-64-v3
most=60
models=()
while [ $# -gt 0 ]; do
  case "$1" in
  -o | --data)
    [ $# -ge 2 ] || fail "$1 needs a folder"
    if [ "$1" = -o ]; then folder=$2; else data=$2; fi
    shift 2
    ;;
  --most)
    [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || fail "--most needs a number of MB"
    most=$2
    shift 2
    ;;
  --opencl)
    targets=cuda,opencl,x86-64-v3
    shift
    ;;
  -*) fail "unknown option $1" ;;
  *)
    [ -f "models/$1.net" ] || fail "there is no models/$1.net"
    models+=("$1")
    shift
    ;;
  esac
done
[ ${#models[@]} -gt 0 ] || models=(lenet alexnet lenet5-1998 cifar-quick cifar-full cifar-11pct cifar-13pct caffenet zfnet
  squeezenet googlenet resnet50 vgg16)
[ -x build/bin/fovea ] || fail "there is no build/bin/fovea: run ./dev build"
if [ -z "$data" ]; then
  for data in ../shared/data/mnist build/digits; do
    [ ! -d "$data" ] || break
  done
fi
compgen -G "$data/t10k-labels-idx1-ubyte*" >/dev/null || fail "no digits in $data: give --data, or run ./dev demo"

rm -rf "$folder"
mkdir -p "$folder"/{programs,expected,data,lib}
for model in "${models[@]}"; do
  # Timed at these batches; of the others a small one will do, which the CPU computes quickly here.
  case "$model" in
  lenet | alexnet) batches=1,128 ;;
  *) batches=1,8 ;;
  esac
  printf '== %s\n' "$model" >&2
  # Devices convolve directly; so does the CPU, lest rounding decide a maximum otherwise and send gradients another way.
  build/bin/fovea compile "models/$model.net" --target "$targets" --batch "$batches" --no-winograd-steps \
    -o "$folder/programs/$model"
  strip "$folder/programs/$model"
  "$folder/programs/$model" check --device cpu --save "$folder/expected/$model.safetensors"
  gzip -9n "$folder/programs/$model" # Kernels are text: a fourth of it is left.
done
cp "$data"/{train,t10k}-{images-idx3,labels-idx1}-ubyte* "$folder/data/"
find "$folder/data" -type f ! -name '*.gz' -exec gzip -9n {} +
# For a machine without a C++ library.
for library in libstdc++.so.6 libgcc_s.so.1; do
  cp -L "$(c++ -print-file-name=$library)" "$folder/lib/"
done
cp test/gpu/run.sh "$folder/"
size=$(du -sm "$folder" | cut -f 1)
[ "$size" -lt "$most" ] || fail "$folder has $size MB, and is to stay under $most: name fewer models, or raise --most"
printf '%s: %s MB, %s models; copy it to the machine and call run.sh\n' "$folder" "$size" "${#models[@]}"
