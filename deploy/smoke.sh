#!/usr/bin/env bash
# Tests docker-compose.yml on this machine: starts it as a separate project with its own volumes, secrets and ports, sends a
# reading through, queries every part, and removes everything again.
#
#   deploy/smoke.sh                                       gateway, InfluxDB 2, Grafana, Prometheus
#   deploy/smoke.sh embedded influxdb1 influxdb3 kinesis  with these profiles too
#
# It needs Docker with Compose 2.24 and curl. The ports of the profiles (docs/deployment.md) and 9090 have to be free.
# Exit code 0: every answer was correct. 1: the last line names what failed; the containers' logs are above it.
set -euo pipefail
cd "$(dirname "$0")/.."

PROJECT=sluice-smoke
MQTT=21883 WEBSOCKET=28083 HTTP=28080 INFLUX=28086 GRAFANA=23000
PATIENCE_S=${SMOKE_PATIENCE_S:-120}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
env_file=$work/env
profiles=(--profile prometheus)
for name in "$@"; do profiles+=(--profile "$name"); done

compose() { docker compose --project-name "$PROJECT" --env-file "$env_file" "${profiles[@]}" "$@"; }
step() { printf '\n== %s\n' "$*"; }

finish() {
  code=$?
  trap - EXIT
  if [ "$code" -ne 0 ]; then compose logs --no-color --tail 40 || true; fi
  step 'remove containers and volumes'
  compose down --volumes --remove-orphans || code=1
  rm -rf "$work"
  if [ "$code" -eq 0 ]; then printf '\nEverything answered as it should.\n'; else printf '\nFAILED: %s\n' "${doing:-}"; fi
  exit "$code"
}

# until_it WHAT COMMAND…: tries until the command succeeds.
until_it() {
  doing=$1
  shift
  local end=$((SECONDS + PATIENCE_S))
  until "$@"; do
    if [ "$SECONDS" -ge "$end" ]; then return 1; fi
    sleep 2
  done
  printf 'ok  %s\n' "$doing"
}

get() { curl -fsS --max-time 10 "$@"; }
# answers TEXT CURL-ARGUMENTS…: succeeds when the answer contains the text.
answers() {
  local text=$1
  shift
  get "$@" 2>"$work/error" | grep -qF -- "$text"
}
# counts NUMBER TEXT CURL-ARGUMENTS…: succeeds when the answer contains the text that many times.
counts() {
  local number=$1 text=$2 body
  shift 2
  body=$(get "$@" 2>"$work/error") || return 1
  [ "$(grep -oF -- "$text" <<<"$body" | wc -l)" -eq "$number" ]
}
secret() { sed -n "s/^$1=//p" "$env_file"; }
publish() {
  compose exec -T gateway node -e "
    require('mqtt').connectAsync('mqtt://127.0.0.1:1883')
      .then((client) => client.publishAsync('sensors/smoke/s1/telemetry', '{\"temperature\": 21.5}', { qos: 1 }))
      .then(() => process.exit(0), (error) => { console.error(error); process.exit(1); })"
}
stored() {
  answers '21.5' -H "Authorization: Token $(secret INFLUX_TOKEN)" --get "http://127.0.0.1:$INFLUX/query" \
    --data-urlencode 'db=telemetry' \
    --data-urlencode "q=SELECT last(\"temperature\") FROM \"sensordata\" WHERE \"device\" = 's1'"
}
# One metric is enough to check: all are written together.
sampled() {
  answers '"series"' -H "Authorization: Token $(secret INFLUX_TOKEN)" --get --data-urlencode 'db=telemetry' \
    --data-urlencode "q=SELECT last(\"log_size_bytes\") FROM \"sluice\" WHERE \"gateway\" = 'gateway'" \
    "http://127.0.0.1:$INFLUX/query"
}
written() { get "http://127.0.0.1:$1/api/ledger" 2>"$work/error" | grep -qE '"written":[1-9]'; }
grafana() { printf 'http://admin:%s@127.0.0.1:%s%s' "$(secret GRAFANA_PASSWORD)" "$GRAFANA" "$1"; }

doing='docker, docker compose and curl'
docker version --format 'Docker {{.Server.Version}}'
docker compose version
curl --version >"$work/curl"

umask 077
while IFS= read -r line; do
  case "$line" in
    MQTT_PORT=*) echo "MQTT_PORT=$MQTT" ;;
    WEBSOCKET_PORT=*) echo "WEBSOCKET_PORT=$WEBSOCKET" ;;
    HTTP_PORT=*) echo "HTTP_PORT=$HTTP" ;;
    INFLUX_PORT=*) echo "INFLUX_PORT=$INFLUX" ;;
    GRAFANA_PORT=*) echo "GRAFANA_PORT=$GRAFANA" ;;
    *=) echo "$line$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) echo "$line" ;;
  esac
done <.env.example >"$env_file"
trap finish EXIT

step 'build and start, until every service is healthy'
doing='docker compose build'
compose build gateway
doing='docker compose up: a container did not become healthy'
compose up --detach --wait --wait-timeout 300

step 'a reading, from MQTT to InfluxDB'
doing='publish with QoS 1'
publish
until_it 'InfluxDB has it, asked in InfluxQL' stored
until_it 'InfluxDB has the own metrics of the gateway' sampled
until_it 'the gateway is ready' answers '"ready":true' "http://127.0.0.1:$HTTP/readyz"
until_it 'its ledger balances' answers '"balanced":true' "http://127.0.0.1:$HTTP/api/ledger"
until_it 'its live page is there' answers '<title>' "http://127.0.0.1:$HTTP/"

step 'Grafana'
for file in grafana/dashboards/*.json; do
  uid=$(sed -n 's/^  "uid": "\(.*\)",$/\1/p' "$file")
  until_it "dashboard $uid" answers "\"uid\":\"$uid\"" "$(grafana "/api/dashboards/uid/$uid")"
done
# Each profile with a store has a data source file; without the profile nothing answers at its address.
for name in sluice "$@"; do
  file=grafana/provisioning/datasources/$name.yaml
  if [ ! -e "$file" ]; then continue; fi
  while IFS= read -r uid; do
    until_it "data source $uid" answers '"status":"OK"' "$(grafana "/api/datasources/uid/$uid/health")"
  done < <(sed -n 's/^    uid: //p' "$file")
done
rules=$(grep -c '^      - uid: ' grafana/provisioning/alerting/sluice.yaml)
until_it "$rules alert rules" counts "$rules" '"folderUID"' "$(grafana /api/v1/provisioning/alert-rules)"
evaluated=$(grafana /api/prometheus/grafana/api/v1/rules)
until_it 'all of them are evaluated' counts "$rules" '"health":"' "$evaluated"
until_it 'each of them at least once' counts 0 '"lastEvaluation":"0001-01-01' "$evaluated"
until_it 'none with an error' counts 0 '"health":"error"' "$evaluated"

step 'Prometheus'
rules=$(grep -c '^      - alert: ' deploy/prometheus/alerts.yml)
until_it "$rules alert rules, evaluated without an error" \
  counts "$rules" '"health":"ok"' 'http://127.0.0.1:9090/api/v1/rules'
until_it 'no target is down' counts 0 '"health":"down"' 'http://127.0.0.1:9090/api/v1/targets'
until_it 'the gateway is scraped' answers '"value":[' --get 'http://127.0.0.1:9090/api/v1/query' \
  --data-urlencode 'query=sluice_ledger_records{job="sluice",fate="written"} > 0'

for name in "$@"; do
  step "profile $name"
  case "$name" in
    embedded) ports='8095' ;;
    influxdb1) ports='8091' ;;
    influxdb3) ports='8092' ;;
    kinesis) ports='8093 8094' ;;
    prometheus) ports='' ;;
    *) doing="a check of the profile $name, which this script does not know"; exit 1 ;;
  esac
  for port in $ports; do
    until_it "the gateway on $port is ready" answers '"ready":true' "http://127.0.0.1:$port/readyz"
    until_it "its ledger balances" answers '"balanced":true' "http://127.0.0.1:$port/api/ledger"
    until_it "it has written" written "$port"
  done
done

step 'a restart keeps everything'
doing='docker compose restart gateway'
compose restart gateway
until_it 'the gateway is ready again' answers '"ready":true' "http://127.0.0.1:$HTTP/readyz"
until_it 'its ledger balances' answers '"balanced":true' "http://127.0.0.1:$HTTP/api/ledger"
