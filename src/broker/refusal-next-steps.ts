/**
 * REFUSAL_NEXT_STEPS says for each reason what the operator does about it. The reasons that are missing have the next step of
 * the code of their line, or give no warning.
 */
export const REFUSAL_NEXT_STEPS = {
  'not-mqtt':
    'Look what connects from `remoteAddress`: a client of another protocol, or a scanner. A WebSocket needs the port of a `ws` listener.',
  'origin-refused':
    'Serve the page from the host of this gateway, or list its origin under `origins` of the listener, if the page is yours.',
  'protocol-version':
    'Set the client to MQTT 3.1.1 (protocol version 4) or MQTT 5: most clients have an option for it.',
  'connect-malformed':
    'Correct what `detail` names in the settings of the client, mostly its client id, user name or will; else update its library.',
  'not-authenticated':
    'Look what connects from `remoteAddress`: a client sends CONNECT first, so this is mostly a program that probes the broker.',
  'credential-missing':
    'Give the client a user name and token: `sluice users add` makes them, and the settings of the client take them.',
  'credential-wrong':
    'Compare user name and credential of the client with `sluice users list`; `sluice users rotate` gives its user a new token.',
  'credential-expired':
    'Renew the JWT or certificate of the client before it expires, and give it the new one.',
  'certificate-revoked':
    'Issue a new certificate if the device is still yours; else look who uses the old one at `remoteAddress`.',
  'user-disabled':
    'Run `sluice users enable` for the user if it may connect again; else turn the device off or take away its credential.',
  'too-many-attempts':
    'Find the client with the wrong credential at `remoteAddress` and correct it: its user or address must wait until then.',
  'sign-in-busy':
    'Give clients tokens instead of passwords, which cost more to check, or spread their connections over a longer time.',
  'client-id-denied':
    'Run `sluice check --as USER --client ID --publish TOPIC`: it names the line of the access file. Then change the client id or the role.',
  'client-id-in-use':
    'Give each client a client id of its own, best with `clientId: "{user}"` in its role, so that nobody can hold the id of another.',
  'publish-denied':
    'Run `sluice check --as USER --client ID --publish TOPIC`: it names the line of the access file. Then change the topic or the role.',
  'access-changed':
    'Nothing to do if it is meant: the access file was changed. Else correct it: it is read again automatically.',
  'packet-too-large':
    'Let the client send less in one packet, or raise `broker.maxPacketSize` if `detail` names that limit.',
  'packet-timeout':
    'Check the network of the client: it holds a packet open. Raise `broker.packetTimeout` if its network is that slow.',
  'unfinished-bytes':
    'Find out why the client holds so many bytes of open packets; raise `broker.maxInFlightBytes` if a fleet with large packets is yours.',
  'topic-invalid':
    'Change the topic that `detail` names in the client: docs/mqtt.md, "Topics", says what is accepted.',
  'publish-malformed':
    'Update the MQTT library of the client, or report the fault to its maker: `detail` names it.',
  'subscribe-malformed':
    'Correct the topic filter in the client if `detail` names it; else update its MQTT library.',
  'subscribe-denied':
    'Without access rules only this machine may subscribe: give the client a user whose role may (docs/mqtt.md, "Who may subscribe"). With them, `sluice check --as USER --client ID --subscribe FILTER` names the line.',
  'protocol-violation':
    'Update the MQTT library of the client, or report the fault to its maker: `detail` names the packet that MQTT does not allow there.',
  unexpected: 'Report it with the log line: the broker knows no such end of a connection.',
} as const;
