#!/bin/sh
# Keeps the login of a command-line tool in one file, for all its processes. Needs curl and flock.
#
#     agent.sh login < token-response.json    stores what POST /sessions answered
#     agent.sh token                          prints an access token that is good for a minute at least
#     agent.sh logout                         ends the session
#
# Status 1 means: log in again. Status 75 means: Hallpass cannot tell now, try again later; the login is kept. Status 2
# means: this is not an action.
set -eu
umask 077 # only the owner can read its files
url=${HALLPASS_URL:-http://127.0.0.1:8080}
file=${CREDENTIALS:-$HOME/.hallpass-agent.json}

ends() { # status, text
    echo "$2" >&2
    exit "$1"
}

member() { # name: the value of a member of the JSON object in the input, without quotes
    sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

stored() { member "$1" 2>/dev/null <"$file" || true; } # name

# Replaces the file in one step: a process that is killed here leaves the old one.
store() { # token response
    access=$(echo "$1" | member access_token) refresh=$(echo "$1" | member refresh_token)
    seconds=$(echo "$1" | member expires_in)
    [ "$access" ] && [ "$refresh" ] && [ "$seconds" -gt 0 ] 2>/dev/null || ends 75 "this is not a token response, try again later"
    kept=$(printf '{"access_token": "%s", "refresh_token": "%s", "expires_at": %s}' "$access" "$refresh" $(($(date +%s) + seconds)))
    { echo "$kept" >"$file.new" && mv "$file.new" "$file"; } 2>/dev/null || cannot_store
}

cannot_store() { ends 75 "the login cannot be stored, try again later"; }

# Prints the answer, or ends: only invalid_grant means that the login has ended. The form is not among the arguments,
# which other users of the machine can see.
post() { # path, form
    answer=$(printf %s "$2" | curl -s -m 10 -w '\n%{http_code}' -d @- "$url$1") || ends 75 "Hallpass cannot be reached, try again later"
    case $answer in
    *'
200') echo "$answer" | sed '$d' ;;
    *'"invalid_grant"'*) ends 1 "log in again" ;;
    *) ends 75 "Hallpass cannot be reached, try again later" ;;
    esac
}

case ${1:-} in login | token | logout) ;; *) ends 2 "usage: agent.sh login | token | logout" ;; esac
(: >"$file.lock") 2>/dev/null || cannot_store
exec 9>"$file.lock"
flock 9 # the first process refreshes, and the others find what it stored
if [ "$1" = login ]; then
    store "$(cat)"
    exit
fi
refresh=$(stored refresh_token)
case $refresh in hp1.*) ;; *) ends 1 "log in again" ;; esac
case $1 in
token)
    expires_at=$(stored expires_at)
    if [ "${expires_at:-0}" -lt $(($(date +%s) + 61)) ]; then
        answer=$(post /token "grant_type=refresh_token&refresh_token=$refresh")
        store "$answer"
    fi
    stored access_token ;;
logout) post /revoke "token=$refresh" >/dev/null && rm "$file" ;;
esac
