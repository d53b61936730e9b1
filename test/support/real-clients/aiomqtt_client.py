"""aiomqtt, as real-client.ts drives it."""
import asyncio
import json
import sys

import aiomqtt
from json_lines import write
from paho_properties import of_connect, of_publish, of_will, write_received


class Driver:
    def __init__(self):
        self.client = None
        self.reading = None
        self.is_version_5 = False

    async def connect(self, options):
        self.is_version_5 = options.get("version") == 5
        if self.is_version_5:
            known = {
                "protocol": aiomqtt.ProtocolVersion.V5,
                "clean_start": options["isCleanSession"],
                "properties": of_connect(options),
            }
        else:
            known = {"clean_session": options["isCleanSession"]}
        if options.get("caFile") is not None:
            known["tls_params"] = aiomqtt.TLSParameters(ca_certs=options["caFile"])
        self.client = aiomqtt.Client(
            "127.0.0.1",
            options["port"],
            identifier=options["clientId"],
            transport=options["transport"],
            keepalive=options["keepAliveSeconds"],
            username=options.get("userName"),
            password=options.get("password"),
            will=self.will_of(options),
            **known,
        )
        await self.client.__aenter__()
        self.reading = asyncio.create_task(self.read(self.client))
        # aiomqtt does not tell whether the broker had a session.
        return {"reason": "Success"}

    def will_of(self, options):
        will = options.get("will")
        if will is None:
            return None
        properties = [of_will(will)] if self.is_version_5 else []
        return aiomqtt.Will(will["topic"], will["payload"], will["qos"], will["isRetained"], *properties)

    async def read(self, client):
        async for message in client.messages:
            write_received(message)

    async def subscribe(self, options):
        granted = await self.client.subscribe(options["filter"], options["qos"])
        return getattr(granted[0], "value", granted[0])

    async def publish(self, options):
        properties = [of_publish(options)] if self.is_version_5 else []
        await self.client.publish(
            options["topic"],
            options["payload"].encode("latin-1"),
            options["qos"],
            options["isRetained"],
            *properties,
        )
        # It does not tell the reason code of PUBACK.
        return {"isPublished": True, "reason": None}

    async def disconnect(self, _options):
        self.reading.cancel()
        await self.client.__aexit__(None, None, None)


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
