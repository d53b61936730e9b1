"""gmqtt, as real-client.ts drives it."""
import asyncio
import json
import ssl
import sys

import gmqtt
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from json_lines import write, write_message

NEVER = -2


class Driver:
    def __init__(self):
        self.client = None
        self.is_session_present = False
        self.subscribed = asyncio.Queue()

    async def connect(self, options):
        is_version_5 = options.get("version") == 5
        # It writes its keyword arguments as properties into CONNECT.
        known = {
            name: options[key]
            for name, key in [
                ("session_expiry_interval", "sessionExpirySeconds"),
                ("receive_maximum", "receiveMaximum"),
            ]
            if is_version_5 and options.get(key) is not None
        }
        client = gmqtt.Client(
            options["clientId"],
            clean_session=options["isCleanSession"],
            will_message=self.will_of(options, is_version_5),
            **known,
        )
        client.set_config({"reconnect_retries": NEVER})
        if options.get("userName") is not None:
            client.set_auth_credentials(options["userName"], options["password"])
        client.on_connect = self.on_connect
        client.on_subscribe = lambda _client, _packet_id, granted, _properties: self.subscribed.put_nowait(granted)
        client.on_message = self.on_message
        self.client = client
        await client.connect(
            "127.0.0.1",
            options["port"],
            ssl=self.context_of(options),
            keepalive=options["keepAliveSeconds"],
            version=MQTTv50 if is_version_5 else MQTTv311,
        )
        return {"reason": "Success", "isSessionPresent": self.is_session_present}

    def will_of(self, options, is_version_5):
        will = options.get("will")
        if will is None:
            return None
        properties = properties_of(will) if is_version_5 else {}
        if is_version_5 and will.get("delaySeconds") is not None:
            properties["will_delay_interval"] = will["delaySeconds"]
        return gmqtt.Message(
            will["topic"], will["payload"], qos=will["qos"], retain=will["isRetained"], **properties
        )

    def context_of(self, options):
        if options.get("caFile") is None:
            return False
        return ssl.create_default_context(cafile=options["caFile"])

    def on_connect(self, _client, flags, _code, _properties):
        self.is_session_present = flags == 1

    def on_message(self, _client, topic, payload, qos, properties):
        content_type = properties.get("content_type", [None])[0]
        write_message(
            topic, payload, qos, properties["retain"], content_type, properties.get("user_property")
        )
        return 0

    async def subscribe(self, options):
        self.client.subscribe(options["filter"], qos=options["qos"])
        return (await self.subscribed.get())[0]

    async def publish(self, options):
        self.client.publish(
            options["topic"],
            options["payload"].encode("latin-1"),
            qos=options["qos"],
            retain=options["isRetained"],
            **properties_of(options),
        )
        # It has no callback for PUBACK, and does not read its reason code.
        await self.client._persistent_storage.wait_empty()
        return {"isPublished": True, "reason": None}

    async def disconnect(self, _options):
        await self.client.disconnect()


def properties_of(message):
    given = message.get("properties") or {}
    properties = {}
    if given.get("contentType") is not None:
        properties["content_type"] = given["contentType"]
    if given.get("userProperties"):
        properties["user_property"] = list(given["userProperties"].items())
    if message.get("topicAlias") is not None:
        properties["topic_alias"] = message["topicAlias"]
    return properties


async def main():
    driver = Driver()
    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        command = json.loads(line)
        try:
            write({"answer": await getattr(driver, command["do"])(command["options"])})
        except Exception as thrown:
            write({"error": repr(thrown)})


asyncio.run(main())
