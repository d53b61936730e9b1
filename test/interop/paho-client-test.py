"""Runs the client tests of eclipse/paho.mqtt.testing against a broker.

    paho-client-test.py FOLDER VERSION HOST PORT [TEST ...]

FOLDER is a checkout of that repository; nothing of it is part of this one. VERSION is 3.1.1 or 5. The suite's own command line
does not work with the unittest of today's Python and omits `will_message_test`, so this calls its tests. Each prints
"RESULT name ok|failed".

PAHO_USER and PAHO_PASSWORD sign every client in. PAHO_NOSUBSCRIBE is the topic filter that must be denied: the suite leaves
the name to the broker ("test/nosubscribe" unless given).
"""

import functools
import importlib
import logging
import os
import signal
import sys
import unittest

# Some tests wait for a message without an end.
TEST_ENDS_AFTER_S = 60

folder, version, host, port, *names = sys.argv[1:]
sys.path.insert(0, folder + "/interoperability")
client_test = importlib.import_module({"3.1.1": "client_test", "5": "client_test5"}[version])
paho = importlib.import_module({"3.1.1": "mqtt.clients.V311", "5": "mqtt.clients.V5"}[version])

client_test.host = host
client_test.port = int(port)
client_test.topics = ("TopicA", "TopicA/B", "Topic/C", "TopicA/C", "/TopicA")
client_test.wildtopics = ("TopicA/+", "+/C", "#", "/#", "/+", "+/+", "TopicA/#")
client_test.nosubscribe_topics = (os.environ.get("PAHO_NOSUBSCRIBE", "test/nosubscribe"),)
client_test.topic_prefix = "client_test5/"
# That of version 5 would set its topics again.
client_test.setData = lambda: None
logging.getLogger().setLevel(logging.CRITICAL)
logging.getLogger("mqtt-client").setLevel(logging.CRITICAL)

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


class Overdue(Exception):
    """Not a TimeoutError: the suite reads on after that of a socket."""


def end_test(*_):
    raise Overdue(f"not over after {TEST_ENDS_AFTER_S} seconds")


class Checked(client_test.Test):
    def setUp(self):
        signal.signal(signal.SIGALRM, end_test)
        signal.alarm(TEST_ENDS_AFTER_S)

    def tearDown(self):
        signal.alarm(0)


def with_verdict(name):
    """Some tests return their verdict instead of raising it."""
    test = getattr(client_test.Test, name)

    def checked(self):
        self.assertNotEqual(test(self), False)

    return checked


if not names:
    names = unittest.defaultTestLoader.getTestCaseNames(client_test.Test)
    # Its name does not begin with "test", so the suite does not run it.
    names += [name for name in ["will_message_test"] if hasattr(client_test.Test, name)]
for name in names:
    setattr(Checked, name, with_verdict(name))
suite = unittest.TestSuite(Checked(name) for name in names)
runner = unittest.TextTestRunner(stream=sys.stdout, resultclass=Lines, verbosity=0)
sys.exit(0 if runner.run(suite).wasSuccessful() else 1)
