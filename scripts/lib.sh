# Sourced by the other scripts: where things are, and how we speak.
# shellcheck shell=bash

set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/.."
TREE=$PWD
export TREE
# A user's PATH often lacks the directories where Debian keeps half of what is needed here.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }

# Runs a command as root: as it is, or through sudo where there is one.
as_root() {
    if is_root; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "this needs root: $* (run it as root, or install sudo)"
    fi
}

# as_user USER COMMAND…: with the environment that a login of this user would have.
as_user() {
    local user=$1 uid home
    shift
    uid=$(id -u "$user")
    home=$(getent passwd "$user" | cut -d: -f6)
    if [ "$(id -u)" = "$uid" ]; then
        "$@"
    else
        setpriv --reuid "$uid" --regid "$(id -g "$user")" --init-groups \
            env -i HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/bash TERM="${TERM:-dumb}" \
            PATH=/usr/local/bin:/usr/bin:/bin XDG_RUNTIME_DIR="/run/user/$uid" "$@"
    fi
}
