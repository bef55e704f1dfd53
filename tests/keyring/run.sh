#!/bin/sh
# Runs the tests of tests/keyring/mod.rs against a real Secret Service (gnome-keyring), each group in
# a session of its own: private home, private D-Bus, a keyring that nobody else can see. Installs
# nothing and touches neither the user's bus nor the user's keyring.
#
#   tests/keyring/run.sh                 all groups
#   TEST_BINARY=path tests/keyring/run.sh   with a test binary that was built before
set -eu

missing=''
for tool in gnome-keyring-daemon dbus-daemon secret-tool; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    echo "error: not found:$missing" >&2
    echo "hint: apt-get install -y --no-install-recommends gnome-keyring dbus libsecret-tools" >&2
    exit 2
fi

here=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${TEST_BINARY:-}" ]; then
    # The binary's path is in cargo's own words; HOME changes below, and cargo would look there.
    TEST_BINARY=$(cd "$here" && cargo test --test it --no-run --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\/it-[^"]*\)".*/\1/p' | tail -n 1)
fi
if [ ! -x "$TEST_BINARY" ]; then
    echo "error: no test binary at \`$TEST_BINARY\`" >&2
    exit 2
fi

work=$(mktemp -d)
bus_pid=''
end_session() {
    # The keyring daemon ends with its bus.
    if [ -n "$bus_pid" ]; then
        kill "$bus_pid" 2>/dev/null || true
        wait "$bus_pid" 2>/dev/null || true
        bus_pid=''
    fi
}
trap 'end_session; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# A private home in $work/$1, which a later session may use again.
enter_home() {
    HOME=$work/$1
    XDG_RUNTIME_DIR=$HOME/run
    mkdir -p "$XDG_RUNTIME_DIR"
    chmod 700 "$HOME" "$XDG_RUNTIME_DIR"
    export HOME XDG_RUNTIME_DIR
    unset DISPLAY WAYLAND_DISPLAY XDG_DATA_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME
}

# A session bus at the well-known path below the runtime folder.
start_bus() {
    rm -f "$XDG_RUNTIME_DIR/bus"
    dbus-daemon "$@" --address="unix:path=$XDG_RUNTIME_DIR/bus" --nofork --nopidfile \
        2>>"$work/bus.log" &
    bus_pid=$!
    tries=0
    until [ -S "$XDG_RUNTIME_DIR/bus" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ]; then
            echo "error: the session bus did not start" >&2
            cat "$work/bus.log" >&2
            exit 1
        fi
        sleep 0.05
    done
    DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
    export DBUS_SESSION_BUS_ADDRESS
}

unlocked_keyring() {
    printf "password" | gnome-keyring-daemon --unlock --components=secrets \
        >/dev/null 2>>"$work/keyring.log"
}

locked_keyring() {
    gnome-keyring-daemon --start --components=secrets >/dev/null 2>>"$work/keyring.log"
}

failed=''
keep_session=''
run_group() {
    echo "== $1"
    # The tests refuse to run without this.
    if ! MCP_TETHER_PRIVATE_KEYRING=$HOME "$TEST_BINARY" --ignored \
        --test-threads=1 "keyring::$1::"; then
        failed="$failed $1"
    fi
    [ -n "$keep_session" ] || end_session
}

# The owner of the Secret Service's bus name; another owner later means that the daemon died meanwhile.
secret_service() {
    dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets 2>/dev/null || true
}

usual="usual"
enter_home "$usual"
start_bus --session
unlocked_keyring
before=$(secret_service)
keep_session=yes
run_group unlocked
if [ -n "$failed" ] && [ "$before" != "$(secret_service)" ]; then
    # Hundreds of clients that vanish in the middle of a call have ended this daemon before.
    echo "== the keyring daemon itself died; once more, with a new one"
    failed=''
    end_session
    usual="usual-again"
    enter_home "$usual"
    start_bus --session
    unlocked_keyring
    run_group unlocked
fi
keep_session=''
end_session

# The same home, whose keyring has sign-ins by now and a password that nobody enters.
start_bus --session
locked_keyring
run_group locked

enter_home fresh
start_bus --session
locked_keyring
run_group no_collection

# The bus at /run/user/UID/bus and no variable that says so, where we may arrange that.
enter_home "$usual"
start_bus --session
unlocked_keyring
if unshare --mount true 2>/dev/null; then
    TEST_BINARY_IN_NAMESPACE=$TEST_BINARY
    TEST_BINARY=$work/in-namespace
    cat >"$TEST_BINARY" <<EOF
#!/bin/sh
exec unshare --mount sh -c 'mount -t tmpfs tmpfs /run && mkdir -p /run/user/\$(id -u) &&
    mount --bind "\$XDG_RUNTIME_DIR" /run/user/\$(id -u) && exec "\$@"' sh "$TEST_BINARY_IN_NAMESPACE" "\$@"
EOF
    chmod +x "$TEST_BINARY"
    run_group well_known
    TEST_BINARY=$TEST_BINARY_IN_NAMESPACE
else
    echo "== well_known: skipped, no mount namespace can be made here"
    end_session
fi

# A bus that can start no service.
enter_home bare
cat >"$work/bare.conf" <<EOF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=$XDG_RUNTIME_DIR/bus</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
EOF
start_bus --config-file="$work/bare.conf"
run_group no_service

if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
