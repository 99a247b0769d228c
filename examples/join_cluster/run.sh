#!/bin/sh
# A cluster by hand: a coordinator, a server, and two programs that learn one model together.
# Usage: run.sh DIRECTORY_OF_PS_PROGRAMS JOIN_CLUSTER. On several machines the same commands run
# with --listen tcp://0.0.0.0:PORT --insecure, and the coordinator's address is known beforehand.
set -eu
programs=$1
join_cluster=$2
folder=$(mktemp -d)
trap 'kill "$coordinator" "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

"$programs/ps_coordinator" --table 'name=weights optimizer=sgd lr=0.2' \
  --consistency bsp --streams 2 --partitions 8 \
  --ready-file "$folder/coordinator" &
coordinator=$!
server=
until [ -s "$folder/coordinator" ]; do
  kill -0 "$coordinator"  # Ends this script if the coordinator has ended.
  sleep 0.05
done
address=$(head -n 1 "$folder/coordinator")
"$programs/ps_server" --coordinator "$address" &
server=$!

"$join_cluster" "$address" 1 &
first=$!
"$join_cluster" "$address" 2
wait "$first"
# The job is over when both have left; everybody ends by themselves.
wait "$coordinator"
wait "$server"
