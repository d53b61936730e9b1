"""paho 1 or 2, whichever Python finds, as real-client.ts drives it."""
import json
import queue
import sys

import paho.mqtt.client as paho
from json_lines import write
from paho_properties import of_connect, of_publish, of_will, write_received

ANSWERS_WITHIN_S = 30


class Driver:
    def __init__(self):
        self.client = None
        self.connected = queue.Queue()
        self.disconnected = queue.Queue()
        self.subscribed = queue.Queue()
        self.published = queue.Queue()
        self.is_version_5 = False

    def connect(self, options):
        self.is_version_5 = options.get("version") == 5
        known = {"client_id": options["clientId"], "transport": options["transport"]}
        at_connect = {"keepalive": options["keepAliveSeconds"]}
        if self.is_version_5:
            known["protocol"] = paho.MQTTv5
            at_connect |= {"clean_start": options["isCleanSession"], "properties": of_connect(options)}
        else:
            known["clean_session"] = options["isCleanSession"]
        # paho 2 asks which callbacks it is to call.
        versions = getattr(paho, "CallbackAPIVersion", None)
        client = paho.Client(**known) if versions is None else paho.Client(versions.VERSION2, **known)
        if options.get("userName") is not None:
            client.username_pw_set(options["userName"], options["password"])
        if options.get("caFile") is not None:
            client.tls_set(ca_certs=options["caFile"])
        will = options.get("will")
        if will is not None:
            properties = {"properties": of_will(will)} if self.is_version_5 else {}
            client.will_set(will["topic"], will["payload"], will["qos"], will["isRetained"], **properties)
        client.on_connect = self.on_connect
        client.on_disconnect = lambda *_: self.disconnected.put(True)
        client.on_subscribe = self.on_subscribe
        client.on_publish = self.on_publish
        client.on_message = lambda _client, _data, message: write_received(message)
        client.connect("127.0.0.1", options["port"], **at_connect)
        client.loop_start()
        self.client = client
        return self.connected.get(timeout=ANSWERS_WITHIN_S)

    def on_connect(self, _client, _data, flags, code, *_):
        is_present = flags["session present"] if isinstance(flags, dict) else flags.session_present
        self.connected.put({"isSessionPresent": bool(is_present), "reason": str(code)})

    def on_subscribe(self, _client, _data, _packet_id, granted, *_):
        self.subscribed.put(getattr(granted[0], "value", granted[0]))

    def subscribe(self, options):
        self.client.subscribe(options["filter"], options["qos"])
        return self.subscribed.get(timeout=ANSWERS_WITHIN_S)

    def on_publish(self, _client, _data, _packet_id, code=None, *_):
        self.published.put(getattr(code, "value", None))

    def publish(self, options):
        properties = {"properties": of_publish(options)} if self.is_version_5 else {}
        info = self.client.publish(
            options["topic"],
            options["payload"].encode("latin-1"),
            options["qos"],
            options["isRetained"],
            **properties,
        )
        reason = self.published.get(timeout=ANSWERS_WITHIN_S)
        info.wait_for_publish(ANSWERS_WITHIN_S)
        # Of QoS 2 it has that of PUBCOMP: it does not look at that of PUBREC.
        is_told = self.is_version_5 and options["qos"] == 1
        return {"isPublished": info.is_published(), "reason": reason if is_told else None}

    def disconnect(self, _options):
        self.client.disconnect()
        self.disconnected.get(timeout=ANSWERS_WITHIN_S)
        self.client.loop_stop()


driver = Driver()
for line in sys.stdin:
    command = json.loads(line)
    try:
        write({"answer": getattr(driver, command["do"])(command["options"])})
    except Exception as thrown:
        write({"error": repr(thrown)})
