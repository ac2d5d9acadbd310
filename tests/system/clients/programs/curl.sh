# The conversation by curl; the options of the variable CURL_OPTIONS go with every call.
set -euo pipefail
export LC_ALL=C
token=

ask() { # status path [file]
  local about=(-sS -w '\n%{http_code}') answer
  [ -z "$token" ] || about+=(-H "token: $token")
  [ $# -lt 3 ] || about+=(-H "Content-Type: application/json" --data-binary "@$3")
  # shellcheck disable=SC2086 # several options
  answer=$(curl $CURL_OPTIONS "${about[@]}" "$CASAVI_URL$2")
  [ "${answer##*$'\n'}" = "$1" ] || { echo "$2: $answer" >&2; exit 1; }
  echo "${answer%$'\n'*}"
}

member() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

imported() { # file end
  local job polls=0
  job=$(ask 202 /import "$1" | member jobId)
  until [ "$(ask 200 "/jobs/$job" | member status)" = "$2" ]; do
    [ $((polls += 1)) -lt 20 ] || { echo "the job does not end" >&2; exit 1; }
  done
}

encoded() {
  local text=$1 character
  while [ -n "$text" ]; do
    character=${text:0:1} text=${text:1}
    case $character in
      [A-Za-z0-9._~-]) printf '%s' "$character" ;;
      *) printf '%s' "$character" | od -An -tx1 | tr -d '\n' | tr ' a-f' '%A-F' ;;
    esac
  done
}

token=$(ask 200 /authenticate log-in.json | member token)
imported umlauts.json completed
while IFS= read -r id || [ -n "$id" ]; do
  ask 200 "/contacts/$(encoded "$id")" > /dev/null
done < ids.txt
sed "s/OLD-TOKEN/$token/" refresh.json > refreshed.json
token=$(ask 200 /refresh refreshed.json | member token)
imported refused.json completed
imported hundred.json completed
