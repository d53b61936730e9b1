"""Runs the MQTT 3.1.1 client tests of eclipse/paho.mqtt.testing against a broker.

    paho-client-test.py FOLDER HOST PORT [TEST ...]

FOLDER is a checkout of that repository; nothing of it is part of this one. Its own command line does not work with the
unittest of today's Python and omits `will_message_test`, so this calls its tests. Each prints "RESULT name ok|failed".

PAHO_USER and PAHO_PASSWORD sign every client in. PAHO_NOSUBSCRIBE is the topic filter that must be denied: the suite leaves
the name to the broker ("test/nosubscribe" unless given).
"""

import functools
import logging
import os
import sys
import unittest

folder, host, port, *names = sys.argv[1:]
sys.path.insert(0, folder + "/interoperability")
import client_test  # noqa: E402
import mqtt.clients.V311 as paho  # noqa: E402

client_test.host = host
client_test.port = int(port)
client_test.topics = ("TopicA", "TopicA/B", "Topic/C", "TopicA/C", "/TopicA")
client_test.wildtopics = ("TopicA/+", "+/C", "#", "/#", "/+", "+/+", "TopicA/#")
client_test.nosubscribe_topics = (os.environ.get("PAHO_NOSUBSCRIBE", "test/nosubscribe"),)
logging.getLogger().setLevel(logging.CRITICAL)

if "PAHO_USER" in os.environ:
    paho.Client.connect = functools.partialmethod(
        paho.Client.connect,
        username=os.environ["PAHO_USER"],
        password=os.environ["PAHO_PASSWORD"].encode(),
    )


class Lines(unittest.TextTestResult):
    def addSuccess(self, test):
        super().addSuccess(test)
        print("RESULT", test._testMethodName, "ok", flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        print("RESULT", test._testMethodName, "failed", flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        print("RESULT", getattr(test, "_testMethodName", "setUpClass"), "failed", flush=True)


class Checked(client_test.Test):
    """`will_message_test` returns its verdict instead of raising it."""

    def will_message_test(self):
        self.assertTrue(super().will_message_test())


if not names:
    names = [*unittest.defaultTestLoader.getTestCaseNames(client_test.Test), "will_message_test"]
suite = unittest.TestSuite(Checked(name) for name in names)
runner = unittest.TextTestRunner(stream=sys.stdout, resultclass=Lines, verbosity=0)
sys.exit(0 if runner.run(suite).wasSuccessful() else 1)
