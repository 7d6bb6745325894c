# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What tamis.sbatch does, as functions: one supervised step a role, until the client has ended.
#
# srun's exit code says nothing: it is 0 for a step whose node died, and with --no-kill such a step
# may never return. What counts are files in the job folder:
#
#   done             the client has ended: roles stop and are not started again
#   url              where the coordinator listens
#   nodes            the job's nodes that are alive, one a line; renewed every POLL seconds
#   alive            touched every POLL seconds as long as the batch script lives
#   ROLE.ended       exit code of the role's program, written on its node
#   ROLE.left        the role will not be started again: its node is gone, or it was given up

POLL=2          # seconds between looks at files and nodes
STEADY=300      # a role that lived so many seconds starts with a fresh count of crashes
BACKOFF_MAX=30  # seconds before a crashed role is started again; they double up to here
START_MAX=120   # seconds for the coordinator to listen
STOP_MAX=30     # seconds for roles to end

folder=$TAMIS_SLURM_FOLDER
tries_max=${TAMIS_SLURM_TRIES:-8}
EXIT_GIVEN_UP=5
client=''
is_stopped=''

say() { printf '%(%Y-%m-%dT%H:%M:%S)T tamis.sbatch: %s\n' -1 "$*"; }

program() { printf '%s%s' "${TAMIS_SLURM_BIN:+$TAMIS_SLURM_BIN/}" "$1"; }

# ---- Nodes -------------------------------------------------------------------------------------

# The list of a --no-kill job shrinks when a node dies. A controller that does not answer changes
# nothing: the old list stays.
renew_nodes() {
    local list
    list=$(scontrol show job "$SLURM_JOB_ID" 2>/dev/null | sed -n 's/^ *NodeList=//p' | head -n 1)
    [ -n "$list" ] && [ "$list" != "(null)" ] || return 0
    scontrol show hostnames "$list" >"$folder/nodes.new" && mv "$folder/nodes.new" "$folder/nodes"
}

watch_nodes() {
    while [ ! -e "$folder/done" ]; do
        renew_nodes
        touch "$folder/alive"
        sleep "$POLL"
    done
}

is_alive() { grep -qxF -- "$1" "$folder/nodes"; }

# What others reach this node by. Slurm may know it by name only.
own_address() {
    local name
    name=$(scontrol show node "$SLURMD_NODENAME" | sed -n 's/.*NodeAddr=\([^ ]*\).*/\1/p')
    getent ahostsv4 "${name:-$SLURMD_NODENAME}" | awk 'NR == 1 { print $1 }'
}

# ---- Roles -------------------------------------------------------------------------------------

# One step on one node. --overlap: steps share what the job has there. Standard input would make
# srun take away what belongs to the script.
start_step() {
    local role=$1 node=$2
    rm -f "$folder/$role.ended"
    srun --overlap --nodes=1 --ntasks=1 --nodelist="$node" --mem=0 --no-kill --kill-on-bad-exit=0 \
        --cpus-per-task="$node_cpus" --job-name="$role" --input=none \
        --output="$folder/log/srun-$role.log" --open-mode=append \
        "$TAMIS_SLURM_LIB/run-role" "$role" &
    step=$!
}

# Until the step has ended or its node is gone.
wait_step() {
    local node=$1
    while kill -0 "$step" 2>/dev/null; do
        if ! is_alive "$node"; then
            kill -KILL "$step" 2>/dev/null
        fi
        sleep "$POLL"
    done
    wait "$step" 2>/dev/null
}

# Keeps a role up on its node. It does not move elsewhere: every other node has a worker of its own,
# and what this one finished lies on the shared folder. The coordinator's node is that of this
# script: when it dies the whole job is queued again (run-role).
supervise() {
    local role=$1 node=$2 tries=0 pause=1 started code step
    while [ ! -e "$folder/done" ]; do
        started=$SECONDS
        start_step "$role" "$node"
        wait_step "$node"
        [ -e "$folder/done" ] && return
        if ! is_alive "$node"; then
            say "$role: node $node is gone; going on without it"
            : >"$folder/$role.left"
            return
        fi
        code=$(cat "$folder/$role.ended" 2>/dev/null || echo 'none left')
        if [ $((SECONDS - started)) -ge "$STEADY" ]; then
            tries=0
            pause=1
        fi
        tries=$((tries + 1))
        if [ "$code" = 2 ] || [ "$tries" -ge "$tries_max" ]; then
            say "$role on $node: given up, exit code $code, crash $tries; see $folder/log/$role.log"
            : >"$folder/$role.left"
            return
        fi
        say "$role on $node ended (exit code $code, crash $tries of $tries_max): again in $pause s"
        sleep "$pause"
        pause=$((pause * 2 > BACKOFF_MAX ? BACKOFF_MAX : pause * 2))
    done
}

# ---- The client --------------------------------------------------------------------------------

stop_job() {
    is_stopped=1
    [ -n "$client" ] && kill -TERM "$client" 2>/dev/null
}

has_left() {
    local i
    [ -e "$folder/coordinator.left" ] && { say 'the coordinator was given up'; return 0; }
    for ((i = 0; i < worker_count; i++)); do
        [ -e "$folder/worker-$i.left" ] || return 1
    done
    say 'no worker is left'
}

wait_url() {
    local start=$SECONDS
    while [ ! -e "$folder/url" ]; do
        [ -n "$is_stopped" ] && return 1
        [ -e "$folder/coordinator.left" ] && return 1
        [ $((SECONDS - start)) -lt "$START_MAX" ] || return 1
        sleep 0.2
    done
}

# Runs the client, again when it was killed or lost the coordinator. The coordinator knows the job
# by its contents: a new client finds it and waits on.
run_client() {
    local tries=0 code pause
    while true; do
        "$(program tamis)" run --coordinator "$(cat "$folder/url")" --keys "$folder/keys" "$@" \
            </dev/null &
        client=$!
        while kill -0 "$client" 2>/dev/null; do
            sleep 1 & pause=$!
            wait -n "$client" "$pause" 2>/dev/null
            kill "$pause" 2>/dev/null
            if [ -z "$is_stopped" ] && has_left; then
                kill -KILL "$client" 2>/dev/null
                wait "$client" 2>/dev/null
                return "$EXIT_GIVEN_UP"
            fi
        done
        wait "$client" 2>/dev/null
        code=$?
        [ -n "$is_stopped" ] && return 143
        if [ "$code" -ne 4 ] && [ "$code" -lt 128 ]; then
            return "$code"
        fi
        tries=$((tries + 1))
        [ "$tries" -lt "$tries_max" ] || return "$code"
        say "tamis run ended with exit code $code, time $tries of $tries_max: again"
        sleep 1
    done
}

# ---- The job -----------------------------------------------------------------------------------

# Keys of this job alone: who is not in it gets nowhere. Files of rights 0600, which an earlier start
# of the job, or the job it goes on from, may have left.
prepare_keys() {
    local role
    for role in coordinator worker client; do
        [ -e "$folder/keys/$role.key" ] ||
            "$(program tamis)" keys new --keys="$folder/keys" --role="$role" "$role" >/dev/null ||
            return 1
    done
}

prepare_folder() {
    mkdir -p "$folder/data" "$folder/state" "$folder/log" || return 1
    # What an earlier start of this job, or the job it goes on from, has left.
    rm -f "$folder"/done "$folder"/url "$folder"/nodes "$folder"/*.ended "$folder"/*.left
    prepare_keys || return 1
    renew_nodes
    touch "$folder/alive" && [ -s "$folder/nodes" ]
}

stop_roles() {
    local start=$SECONDS
    : >"$folder/done"
    while [ -n "$(jobs -rp)" ] && [ $((SECONDS - start)) -lt "$STOP_MAX" ]; do
        sleep 0.2
    done
    # What is left hangs on a dead node; the end of the job takes it away.
    # shellcheck disable=SC2046
    kill -KILL $(jobs -rp) 2>/dev/null
    wait 2>/dev/null
}

tell_end() {
    case $1 in
    0) say 'done' ;;
    3) say 'done, but some input was set aside: see report.json (exit code 3)' ;;
    2) say 'tamis run refused its options (exit code 2)' ;;
    143) say 'stopped before the end (exit code 143)' ;;
    *) say "failed (exit code $1); logs are in $folder/log" ;;
    esac
    if [ "$1" -ne 0 ] && [ "$1" -ne 2 ] && [ "$1" -ne 3 ]; then
        say "to go on: TAMIS_SLURM_FOLDER=$folder sbatch ... with the same arguments"
    elif [ "$1" -ne 2 ] && [ "${TAMIS_SLURM_KEEP:-0}" != 1 ]; then
        rm -rf "${folder:?}/state" "${folder:?}/data" "${folder:?}/keys"
    fi
}

run_job() {
    local code node
    trap stop_job TERM INT
    if ! prepare_folder; then
        say "cannot use the job folder $folder, or Slurm does not tell the job's nodes"
        return 1
    fi
    node_cpus=${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}
    TAMIS_SLURM_ADDRESS=${TAMIS_SLURM_ADDRESS:-$(own_address)}
    export TAMIS_SLURM_ADDRESS
    say "job $SLURM_JOB_ID, start ${SLURM_RESTART_COUNT:-0}, folder $folder, nodes" \
        "$(tr '\n' ' ' <"$folder/nodes")"
    watch_nodes &
    supervise coordinator "$SLURMD_NODENAME" &
    worker_count=0
    if wait_url; then
        say "coordinator at $(cat "$folder/url")"
        while read -r node; do
            supervise "worker-$worker_count" "$node" </dev/null &
            worker_count=$((worker_count + 1))
        done <"$folder/nodes"
        run_client "$@"
        code=$?
    else
        [ -n "$is_stopped" ] && code=143 || code=$EXIT_GIVEN_UP
        say "the coordinator does not listen; see $folder/log/coordinator.log"
    fi
    stop_roles
    tell_end "$code"
    return "$code"
}
