"""The properties of MQTT 5 as paho 2 has them; aiomqtt uses the same."""
from json_lines import write_message
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


def of_connect(options):
    properties = Properties(PacketTypes.CONNECT)
    if options.get("sessionExpirySeconds") is not None:
        properties.SessionExpiryInterval = options["sessionExpirySeconds"]
    if options.get("receiveMaximum") is not None:
        properties.ReceiveMaximum = options["receiveMaximum"]
    return properties


def of_publish(message):
    properties = _of_message(PacketTypes.PUBLISH, message)
    if message.get("topicAlias") is not None:
        properties.TopicAlias = message["topicAlias"]
    return properties


def of_will(will):
    properties = _of_message(PacketTypes.WILLMESSAGE, will)
    if will.get("delaySeconds") is not None:
        properties.WillDelayInterval = will["delaySeconds"]
    return properties


def _of_message(packet_type, message):
    properties = Properties(packet_type)
    given = message.get("properties") or {}
    if given.get("contentType") is not None:
        properties.ContentType = given["contentType"]
    for pair in (given.get("userProperties") or {}).items():
        # Each of them adds one.
        properties.UserProperty = pair
    return properties


def write_received(message):
    properties = getattr(message, "properties", None)
    write_message(
        str(message.topic),
        message.payload,
        message.qos,
        message.retain,
        getattr(properties, "ContentType", None),
        getattr(properties, "UserProperty", None),
    )
