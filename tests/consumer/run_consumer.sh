#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Goal: what `cmake --install` puts in place is complete.
# Method: install below TREE, move it, then build and run the program of project/ by find_package and by pkg-config, and
# look for the programs and their man pages.
# Usage: run_consumer.sh BUILD_FOLDER TREE C_COMPILER GENERATOR
set -eu
build=$1
tree=$2
compiler=$3
generator=$4
project=$(cd "$(dirname "$0")/project" && pwd)

rm -rf "$tree"
mkdir -p "$tree"
DESTDIR='' cmake --install "$build" --prefix "$tree/first" >"$tree/install.log"
mv "$tree/first" "$tree/moved"

cmake -S "$project" -B "$tree/build" -G "$generator" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$tree/moved" >"$tree/cmake.log"
cmake --build "$tree/build" >>"$tree/cmake.log"
echo "find_package: $("$tree/build/consumer")"

pc=$(find "$tree/moved" -name tamis.pc)
flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --cflags --libs tamis)
# shellcheck disable=SC2086 # a list of options
"$compiler" -std=c17 -Wall -Wextra -Wpedantic -Werror -o "$tree/consumer" "$project/consumer.c" $flags
echo "pkg-config:   $("$tree/consumer")"

for program in tamis tamis-coordinator tamis-worker; do
    "$tree/moved/bin/$program" --version
    [ -s "$tree/moved/share/man/man1/$program.1" ]
done
[ -s "$tree/moved/share/doc/tamis/LICENSE" ]
