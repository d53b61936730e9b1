"""paho 1 or 2, whichever Python finds, as real-client.ts drives it."""
import json
import queue
import sys

import paho.mqtt.client as paho
from json_lines import write, write_message

ANSWERS_WITHIN_S = 30


class Driver:
    def __init__(self):
        self.client = None
        self.connected = queue.Queue()
        self.disconnected = queue.Queue()
        self.subscribed = queue.Queue()

    def connect(self, options):
        transport = options["transport"]
        known = {
            "client_id": options["clientId"],
            "clean_session": options["isCleanSession"],
            "transport": transport,
        }
        # paho 2 asks which callbacks it is to call.
        versions = getattr(paho, "CallbackAPIVersion", None)
        client = paho.Client(**known) if versions is None else paho.Client(versions.VERSION2, **known)
        if options.get("userName") is not None:
            client.username_pw_set(options["userName"], options["password"])
        will = options.get("will")
        if will is not None:
            client.will_set(will["topic"], will["payload"], will["qos"], will["isRetained"])
        client.on_connect = self.on_connect
        client.on_disconnect = lambda *_: self.disconnected.put(True)
        client.on_subscribe = self.on_subscribe
        client.on_message = lambda _client, _data, message: write_message(message)
        client.connect("127.0.0.1", options["port"], keepalive=options["keepAliveSeconds"])
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

    def publish(self, options):
        info = self.client.publish(
            options["topic"], options["payload"].encode("latin-1"), options["qos"], options["isRetained"]
        )
        info.wait_for_publish(ANSWERS_WITHIN_S)
        return info.is_published()

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
