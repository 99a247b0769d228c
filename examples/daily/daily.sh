#!/bin/sh
# Usage: daily.sh [CAIRN [DATA [DIRECTORY]]]
#
# Learns day after day, as a model in use does: each new day is first scored with the model of the
# days before, then learnt from, starting with that model (--init). For comparison, two others are
# scored on the same day: one that learnt on the first day only, and one that is trained from
# scratch on all days so far. Prints a table; README.md says what to look for.
#
#   CAIRN       the program; default: cairn on the PATH
#   DATA        a file of flights as csv in zstd; default: examples/data/flights_week.csv.zst
#   DIRECTORY   where days and models are kept; default: a new one that is removed at the end
set -eu

cairn=${1:-cairn}
data=${2:-$(dirname "$0")/../data/flights_week.csv.zst}
work=${3:-}
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
fi
mkdir -p "$work"

# One file for each day: the days' names sort as the days do.
zstd -dcq "$data" | awk -F T -v work="$work" '
  NR == 1 { header = $0; next }
  { file = work "/" $1 ".csv" }
  !(file in seen) { seen[file] = 1; print header > file }
  { print > file }'

# train MODEL START FILE...: learns from files, START being a model or "" for none. Whoever scores
# with the model later reads data in the same way: the model remembers it.
train() {
  model=$1 start=$2
  shift 2
  "$cairn" train --train "$@" ${start:+--init "$start"} --save "$model" --epochs 3 \
    --label 'delay>15' --ignore time,distance --derive 'hour=hour(time)' 'miles=log(distance,4)' \
    --cross 'origin*destination' 'origin*hour' 'destination*hour' >"$model.log"
}

# score MODEL FILE: "AUC logloss".
score() {
  metrics=$("$cairn" eval --model-dir "$1" --data "$2")
  echo "$metrics" | awk '$1 == "auc" { auc = $2 } $1 == "logloss" { loss = $2 }
                         END { printf "%.4f %.4f", auc, loss }'
}

size() { du -sk "$1" | awk '{ printf "%.1f MiB", $1 / 1024 }'; }

printf '%10s %8s  %-14s %-14s  %-14s\n' '' '' 'day after day' 'first day only' 'from scratch'
printf '%10s %8s  %-14s %-14s  %-14s %s\n' \
  day rows 'AUC    logloss' 'AUC    logloss' 'AUC    logloss' 'model size'
first='' daily='' scratch='' days=''
for file in "$work"/*.csv; do
  day=$(basename "$file" .csv)
  rows=$(($(wc -l <"$file") - 1))
  if [ -n "$daily" ]; then
    of_daily=$(score "$daily" "$file")
    of_first=$(score "$first" "$file")
    of_scratch=$(score "$scratch" "$file")
    printf '%10s %8d  %-14s %-14s  %-14s %s\n' "$day" "$rows" \
      "$of_daily" "$of_first" "$of_scratch" "$(size "$daily")"
  else
    printf '%10s %8d  %s\n' "$day" "$rows" 'the first day: nothing to score it with'
  fi
  days="$days $file"
  train "$work/daily-$day" "$daily" "$file"
  daily=$work/daily-$day
  if [ -z "$first" ]; then
    first=$daily
    scratch=$daily
  else
    scratch=$work/scratch-$day
    # shellcheck disable=SC2086 # A list of files; none of their names has a blank.
    train "$scratch" '' $days
  fi
done
