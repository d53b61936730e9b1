"""Commands come as JSON lines on standard input; answers and received messages go out as JSON lines."""
import json
import sys
import threading

_lock = threading.Lock()


def write(value):
    with _lock:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()


def write_message(topic, payload, qos, is_retained, content_type=None, user_properties=None):
    message = {
        "topic": topic,
        "payload": payload.decode("latin-1"),
        "qos": qos,
        "isRetained": bool(is_retained),
    }
    properties = {}
    if content_type is not None:
        properties["contentType"] = content_type
    if user_properties:
        properties["userProperties"] = dict(user_properties)
    if properties:
        message["properties"] = properties
    write({"message": message})
