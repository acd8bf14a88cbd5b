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

# Ends everything that this script has started, and its background jobs: for its EXIT trap, since a
# signal that ends bash leaves the command alive that it waits for.
end_children() { # [PID]
    local child children=
    read -r -d '' children <"/proc/${1:-$$}/task/${1:-$$}/children" || true
    for child in $children; do
        end_children "$child"
        kill "$child" 2>/dev/null || true
    done
}

# Runs a command as root: as it is, or through sudo where there is one.
as_root() {
    if is_root; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "this needs root: $* (run it as root, or install sudo)"
    fi
}

# Whether as_root can work: where nobody can type a password, sudo has to go without.
can_be_root() {
    is_root || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }
}

# Installs Debian packages; what apt has to say is worth reading only when it fails.
apt_install() {
    local log
    log=$(mktemp)
    if as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        die "apt-get could not install $*"
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
