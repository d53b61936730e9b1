"""aiomqtt, as real-client.ts drives it."""
import asyncio
import json
import sys

import aiomqtt
from json_lines import write, write_message


class Driver:
    def __init__(self):
        self.client = None
        self.reading = None

    async def connect(self, options):
        will = options.get("will")
        self.client = aiomqtt.Client(
            "127.0.0.1",
            options["port"],
            identifier=options["clientId"],
            clean_session=options["isCleanSession"],
            transport=options["transport"],
            keepalive=options["keepAliveSeconds"],
            username=options.get("userName"),
            password=options.get("password"),
            will=None
            if will is None
            else aiomqtt.Will(will["topic"], will["payload"], will["qos"], will["isRetained"]),
        )
        await self.client.__aenter__()
        self.reading = asyncio.create_task(self.read(self.client))
        # aiomqtt does not tell whether the broker had a session.
        return {"reason": "Success"}

    async def read(self, client):
        async for message in client.messages:
            write_message(message)

    async def subscribe(self, options):
        granted = await self.client.subscribe(options["filter"], options["qos"])
        return getattr(granted[0], "value", granted[0])

    async def publish(self, options):
        await self.client.publish(
            options["topic"], options["payload"].encode("latin-1"), options["qos"], options["isRetained"]
        )
        return True

    async def disconnect(self, _options):
        self.reading.cancel()
        await self.client.__aexit__(None, None, None)


async def main():
    driver = Driver()
    lines = asyncio.StreamReader()
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
