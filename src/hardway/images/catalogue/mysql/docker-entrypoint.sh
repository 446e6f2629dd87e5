#!/bin/sh
# Starts the MySQL server; at its first start the data directory is made, with accounts, a database and the scripts of
# /docker-entrypoint-initdb.d.
#
#   MYSQL_ROOT_PASSWORD              root's password; or MYSQL_ALLOW_EMPTY_PASSWORD, or MYSQL_RANDOM_ROOT_PASSWORD
#   MYSQL_ROOT_HOST                  from where root may log in beside localhost, % by default; empty for nowhere
#   MYSQL_DATABASE                   a database to make
#   MYSQL_USER, MYSQL_PASSWORD       an account with all rights on it
#
# Each may be given as NAME_FILE, the path of a file with the value. No password is ever an argument of a program.
#
# The directory is made in hardway-new within the volume and moved to its place at the end: a first start that was cut off
# begins anew, and never leaves a server without passwords behind.
set -eu

DATA=/var/lib/mysql
NEW=$DATA/hardway-new # InnoDB finds none of its files in a directory whose name begins with a dot
MOVING=$DATA/.moving
INIT=/docker-entrypoint-initdb.d
START_WITHIN=300 # seconds, for the server of the first start

say() { printf '%s [entrypoint] %s\n' "$(date -u +%FT%TZ)" "$*" >&2; }
fail() { say "$*"; exit 1; }

# settle NAME: the value of NAME is taken from the file NAME_FILE where that is given.
settle() {
    eval "value=\${$1:-} file=\${$1_FILE:-}"
    [ -n "$file" ] || return 0
    [ -z "$value" ] || fail "both $1 and $1_FILE are given: keep one"
    [ -r "$file" ] || fail "$1_FILE: $file cannot be read"
    value=$(cat -- "$file")
    eval "$1=\$value"
}

# text VALUE: an SQL string. name VALUE: an SQL identifier. pattern VALUE: one for GRANT, where _ and % stand for others.
text() { printf "'%s'" "$(printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e "s/'/''/g")"; }
name() { printf '`%s`' "$(printf '%s' "$1" | sed -e 's/`/``/g')"; }
pattern() { name "$(printf '%s' "$1" | sed -e 's/[\\_%]/\\&/g')"; }

check_settings() {
    for variable in MYSQL_ROOT_PASSWORD MYSQL_ROOT_HOST MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do
        settle "$variable"
    done
    if [ -n "${MYSQL_RANDOM_ROOT_PASSWORD:-}" ]; then
        MYSQL_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
        say "the random password of root: $MYSQL_ROOT_PASSWORD"
    fi
    [ -n "${MYSQL_ROOT_PASSWORD:-}${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ] || fail \
        "the data directory is empty and no password for root is given: set MYSQL_ROOT_PASSWORD," \
        "MYSQL_ALLOW_EMPTY_PASSWORD or MYSQL_RANDOM_ROOT_PASSWORD"
    [ "${MYSQL_USER:-}" != root ] || fail "MYSQL_USER is for another account than root: root is there already"
    if [ -n "${MYSQL_USER:-}" ]; then
        [ -n "${MYSQL_PASSWORD:-}" ] || fail "MYSQL_USER is given and MYSQL_PASSWORD is not"
    elif [ -n "${MYSQL_PASSWORD:-}" ]; then
        fail "MYSQL_PASSWORD is given and MYSQL_USER is not"
    fi
}

# The client of the first start: root over the socket, its password in a file that only this user reads.
client() { mysql --defaults-file="$secret/client.cnf" --protocol=socket "$@"; }

# For scripts: SQL from standard input, in the database. The official image's function has the same name.
docker_process_sql() { client ${MYSQL_DATABASE:+"$MYSQL_DATABASE"} "$@"; }

remember_password() {
    (
        umask 077
        escaped=$(printf '%s' "$1" | sed -e 's/\\/\\\\/g')
        printf '[client]\nuser = root\nsocket = %s\npassword = "%s"\n' "$secret/socket" "$escaped" >"$secret/client.cnf"
    )
}

accounts() {
    printf 'SET @@SESSION.SQL_LOG_BIN = 0;\n'
    if [ -n "${MYSQL_ROOT_HOST-%}" ] && [ "${MYSQL_ROOT_HOST-%}" != localhost ]; then
        account="'root'@$(text "${MYSQL_ROOT_HOST-%}")"
        printf 'CREATE USER %s IDENTIFIED BY %s;\n' "$account" "$(text "${MYSQL_ROOT_PASSWORD:-}")"
        printf 'GRANT ALL ON *.* TO %s WITH GRANT OPTION;\n' "$account"
    fi
    [ -z "${MYSQL_DATABASE:-}" ] || printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(name "$MYSQL_DATABASE")"
    if [ -n "${MYSQL_USER:-}" ]; then
        account="$(text "$MYSQL_USER")@'%'"
        printf 'CREATE USER %s IDENTIFIED BY %s;\n' "$account" "$(text "$MYSQL_PASSWORD")"
        [ -z "${MYSQL_DATABASE:-}" ] || printf 'GRANT ALL ON %s.* TO %s;\n' "$(pattern "$MYSQL_DATABASE")" "$account"
    fi
    printf "ALTER USER 'root'@'localhost' IDENTIFIED BY %s;\n" "$(text "${MYSQL_ROOT_PASSWORD:-}")"
}

start_alone() {
    "$@" --datadir="$NEW" --skip-networking --mysqlx=OFF --socket="$secret/socket" --pid-file="$secret/pid" &
    server=$!
    waited=0
    until client --execute='DO 1' 2>"$secret/said"; do
        kill -0 "$server" 2>/dev/null || fail "the server ended while the data directory was made, see above"
        [ "$waited" -lt $((START_WITHIN * 5)) ] || fail "the server does not answer: $(cat "$secret/said")"
        sleep 0.2
        waited=$((waited + 1))
    done
}

run_scripts() {
    # The server of the first start is not where others look for one, probes of readiness included; only scripts are
    # told, by what MySQL's clients take for the default.
    export MYSQL_UNIX_PORT="$secret/socket"
    for file in "$INIT"/*; do
        case $file in
        *.sh)
            say "$file"
            if [ -x "$file" ]; then "$file"; else . "$file"; fi
            ;;
        *.sql) say "$file" && docker_process_sql <"$file" ;;
        *.sql.gz) say "$file" && gunzip -c "$file" >"$secret/script" && docker_process_sql <"$secret/script" ;;
        "$INIT/*") ;;
        *) say "$file is left: only .sh, .sql and .sql.gz are run" ;;
        esac
    done
    unset MYSQL_UNIX_PORT
}

move_in() {
    for path in "$NEW"/* "$NEW"/.[!.]*; do
        target=$DATA/${path##*/}
        if [ -e "$target" ] && [ ! -e "$MOVING" ]; then
            fail "$target is there, and no data directory of MySQL around it: give it an empty volume"
        fi
    done
    : >"$MOVING"
    for path in "$NEW"/* "$NEW"/.[!.]*; do
        [ -e "$path" ] || continue
        [ "${path##*/}" != mysql ] || continue
        rm -rf -- "$DATA/${path##*/}"
        mv -- "$path" "$DATA/"
    done
    mv -- "$NEW/mysql" "$DATA/" # last: it is what tells that all is there
    rm -rf -- "$NEW" "$MOVING"
    sync
}

first_start() {
    check_settings
    secret=$(mktemp -d)
    server=
    trap 'status=$?; [ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf -- "$secret"; exit "$status"' EXIT
    trap 'exit 143' INT TERM # the first process of a container is ended by no signal that it does not expect
    rm -rf -- "$NEW"
    mkdir -m 0750 -- "$NEW"
    say "the data directory is made"
    "$@" --initialize-insecure --datadir="$NEW"
    remember_password ""
    start_alone "$@"
    accounts >"$secret/accounts"
    client <"$secret/accounts"
    rm -f -- "$secret/accounts"
    remember_password "${MYSQL_ROOT_PASSWORD:-}"
    run_scripts
    kill "$server"
    wait "$server" || fail "the server of the first start did not end well"
    server=
    move_in
    rm -rf -- "$secret"
    trap - EXIT INT TERM
    say "the data directory is ready"
}

case ${1:-} in -*) set -- mysqld "$@" ;; esac
[ "${1:-}" = mysqld ] || exec "$@"
for argument in "$@"; do
    case $argument in --help | --version | -V | '-?') exec "$@" ;; esac
done

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$DATA" /run/mysqld
    find "$DATA" /run/mysqld \! -user mysql \! -name lost+found -exec chown mysql: '{}' +
    exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi
[ -d "$DATA/mysql" ] || first_start "$@"
for variable in ROOT_PASSWORD PASSWORD; do
    unset "MYSQL_$variable"
done
exec "$@"
