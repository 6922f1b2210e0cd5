#!/usr/bin/env python3
"""Offers open-loop load to a port of this machine and counts the answers.

    python3 load.py PORT REQUESTS_PER_SECOND SECONDS
"""
import collections, http.client, sys, threading, time


def call(port, answers):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/items/1")
        response = connection.getresponse()
        response.read()  # who closes before the end is a client_gone
        answers[response.status] += 1
        connection.close()
    except OSError as error:
        answers[type(error).__name__] += 1


port, rate, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
answers, start, calls = collections.Counter(), time.monotonic(), []
while len(calls) < rate * seconds:
    calls.append(threading.Thread(target=call, args=(port, answers)))
    calls[-1].start()
    time.sleep(max(0, start + len(calls) / rate - time.monotonic()))
for c in calls:
    c.join()
print(len(calls), dict(answers))
