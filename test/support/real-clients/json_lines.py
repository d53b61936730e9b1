"""Commands come as JSON lines on standard input; answers and received messages go out as JSON lines."""
import json
import sys
import threading

_lock = threading.Lock()


def write(value):
    with _lock:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()


def write_message(message):
    write(
        {
            "message": {
                "topic": str(message.topic),
                "payload": message.payload.decode("latin-1"),
                "qos": message.qos,
                "isRetained": bool(message.retain),
            }
        }
    )
