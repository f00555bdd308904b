#!/bin/sh
# Swap a face with nothing but curl: upload, swap, watch, save.
#
#     export PERSONAE_URL=http://127.0.0.1:8000 PERSONAE_API_KEY=pk_…
#     sh examples/curl.sh image scene.jpg donor.jpg out.jpg
#     sh examples/curl.sh video scene.mp4 donor.jpg out.mp4
set -eu

[ $# -eq 4 ] || { echo "Usage: curl.sh image|video SCENE DONOR OUTPUT" >&2; exit 2; }
media=$1 scene=$2 donor=$3 output=$4
api="${PERSONAE_URL:-http://127.0.0.1:8000}/native/v1"

call() { # Prints the answer, and stops at a problem after showing it.
    curl --silent --show-error --fail-with-body \
        -H "Authorization: Bearer $PERSONAE_API_KEY" "$@" || { echo >&2; exit 1; }
}
id_of() { # The first id of this kind in an answer.
    grep -o "\"$1_[0-9a-z]\{26\}\"" | head -n 1 | tr -d '"'
}
upload() {
    answer=$(call -F "file=@$1" "$api/assets") || { echo "$answer" >&2; exit 1; }
    echo "$answer" | id_of asset
}

scene_id=$(upload "$scene")
donor_id=$(upload "$donor")
echo "uploaded $scene_id, $donor_id"

# The same key again is the same swap: a request whose answer was lost can be repeated.
once=$(date +%s)-$$
answer=$(call -H 'Content-Type: application/json' -H "Idempotency-Key: $once" "$api/swaps" -d "{
  \"media\": \"$media\",
  \"scene\": {\"asset_id\": \"$scene_id\"},
  \"mappings\": [{\"donor\": {\"photos\": [{\"asset_id\": \"$donor_id\"}]},
                \"scene_face\": {\"by\": \"largest\"}}]
}") || { echo "$answer" >&2; exit 1; }
task_id=$(echo "$answer" | id_of task)
echo "swapping as $task_id"

# Server-sent events until the task's end; --no-buffer shows each as it comes.
call --no-buffer "$api/swaps/$task_id/events" | while read -r line; do
    case $line in
    data:*) echo "$line" | grep -o '"percent": *[0-9.]*' ;;
    esac
done

answer=$(call "$api/swaps/$task_id?wait=30")
case $answer in
*'"status":"succeeded"'* | *'"status": "succeeded"'*) ;;
*) echo "$answer" >&2; exit 1 ;;
esac
output_id=$(echo "$answer" | grep -o '"outputs": *\[[^]]*' | id_of asset)
trap 'rm -f "$output.part"' EXIT
call -o "$output.part" "$api/assets/$output_id/content"
mv "$output.part" "$output"
echo "saved as $output"
