"""Runs one of CPython's test modules and says how each test ended.

Usage: run.py MODULE RESULTS [DONE...]

RESULTS gets a line of JSON when a test begins and one when it is over; tests named in DONE are left out, so that a run
that was cut short can go on behind the test that hung or died.
"""

import json
import os
import sys
import traceback
import unittest

from test import support


class Results(unittest.TestResult):
    """Tells each test by its name once, the worst of its parts when it has some."""

    def __init__(self, file):
        super().__init__()
        self.file = file
        # Tests fork, and what their children do is no test of its own.
        self.pid = os.getpid()
        self.worst = None

    def say(self, **what):
        if os.getpid() == self.pid:
            os.write(self.file, (json.dumps(what) + "\n").encode())

    def startTest(self, test):
        super().startTest(test)
        self.worst = None
        self.say(begins=test.id())

    def stopTest(self, test):
        super().stopTest(test)
        outcome, detail = self.worst or ("ok", "")
        self.worst = None
        self.say(ended=test.id(), outcome=outcome, detail=detail)

    def note(self, test, outcome, detail):
        if not isinstance(test, unittest.TestCase):
            # A module's or class's own set-up: it is nowhere between startTest and stopTest.
            self.say(ended=test.id(), outcome=outcome, detail=detail)
        elif self.worst is None or self.worst[0] == "skipped":
            self.worst = (outcome, detail)

    def addError(self, test, err):
        self.note(test, "error", told(err))

    def addFailure(self, test, err):
        self.note(test, "fail", told(err))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            outcome = "fail" if issubclass(err[0], test.failureException) else "error"
            self.note(test, outcome, f"{subtest.id()}\n{told(err)}")

    def addSkip(self, test, reason):
        if self.worst is None:
            self.note(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self.note(test, "expected failure", told(err))

    def addUnexpectedSuccess(self, test):
        self.note(test, "unexpected success", "")


def told(err):
    return "".join(traceback.format_exception(*err))


def tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def main(module, results, *done):
    file = os.open(results, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    # What regrtest allows without -u.
    support.use_resources = []
    support.verbose = 1
    outcome = Results(file)
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{module}")
        seen = set(done)
        unittest.TestSuite(
            test for test in tests_of(suite) if not (test.id() in seen or seen.add(test.id()))
        ).run(outcome)
    except unittest.SkipTest as skipped:
        outcome.say(ended=module, outcome="skipped", detail=str(skipped))
    outcome.say(over=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
