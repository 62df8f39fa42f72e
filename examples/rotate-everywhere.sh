#!/bin/sh
# Renews the keys of a keyring and has every Redis node read them:
#
#     rotate-everywhere.sh KEYRING HOST:PORT=FILE…
#
# KEYRING is the file here, FILE that of the node (`hallpass.keyring-file`). The new keys sign from tomorrow on, so that every node
# knows them by then. A node that cannot be reached is named, the others go on, and the exit status is 1: bring it back, and run the
# script again within the day with ROTATE=no, which only copies and reloads.
#
#   ROTATE             no: leave the keys as they are
#   ROTATE_OPTIONS     options of `hallpass-server keys rotate`
#   COPY               a program that is called with KEYRING, HOST and FILE; by default scp and a rename over ssh. The file must
#                      belong to the node's user, with mode 0600
#   REDIS_CLI_OPTIONS  who asks Redis, such as `--user operator --tls`; the password is in REDISCLI_AUTH, or the credential
#                      redis-password of a systemd unit
set -eu
if [ -r "${CREDENTIALS_DIRECTORY-}/redis-password" ]; then
    REDISCLI_AUTH=$(cat "$CREDENTIALS_DIRECTORY/redis-password")
    export REDISCLI_AUTH
fi
keyring=$1
shift
failed=0
if [ "${ROTATE-}" != no ]; then
    hallpass-server keys prune --keyring "$keyring"
    # shellcheck disable=SC2086 # several words
    hallpass-server keys rotate --keyring "$keyring" ${ROTATE_OPTIONS-} || failed=$?
fi

copy() {
    if [ -n "${COPY-}" ]; then
        "$COPY" "$@"
    else
        scp -pq "$1" "$2:$3.new" && ssh "$2" mv "$3.new" "$3"
    fi
}

# Prints the answer of a node.
ask() {
    # shellcheck disable=SC2086
    redis-cli -e -h "${address%:*}" -p "${address##*:}" ${REDIS_CLI_OPTIONS-} "$@"
}

for node in "$@"; do
    address=${node%%=*} file=${node#*=}
    if copy "$keyring" "${address%:*}" "$file" && ask AUTH.RELOAD > /dev/null; then
        echo "$address: reloaded"
    else
        echo "$address: not reloaded" >&2
        failed=1
    fi
done
exit $failed
