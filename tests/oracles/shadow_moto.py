#!/usr/bin/env python3
"""Compares the state that shadow-doc keeps with moto's, on random sequences of updates.

    python3 tests/oracles/shadow_moto.py PATH-TO-shadow-states [SEQUENCES]

moto is an oracle for merge and for the delta of flat documents. Where its delta is known to differ from the service
(empty objects for nested members that only `reported` has; `True == 1`), it is not asked. Without moto the comparison
is skipped, in words, and the exit code is 0.
"""

import json
import random
import subprocess
import sys

try:
    from moto.iotdata.models import FakeShadow
except ImportError as error:
    print(f"skipped: the Python package `moto` (with `moto[iotdata]`) is not installed: {error}")
    sys.exit(0)

NAMES = ["a", "b", "c", "timestamp", "state", "delta", "é"]


def value(rng, depth, nulls):
    kind = rng.randrange(8)
    if kind < 3 and depth > 0:
        return section(rng, depth - 1, nulls)
    if kind == 3:
        return [value(rng, 0, False) for _ in range(rng.randrange(3))]
    if kind == 4 and nulls:
        return None
    # No 0 and 1 beside true and false: Python calls them equal.
    return rng.choice([True, False, 2, 3, 2.5, "x", "é\n"])


def section(rng, depth, nulls=True):
    return {rng.choice(NAMES): value(rng, depth, nulls) for _ in range(rng.randrange(4))}


def request(rng, depth):
    if rng.randrange(20) == 0:
        return {"state": None}
    state = {}
    for name in ("desired", "reported"):
        if rng.randrange(3):
            state[name] = section(rng, depth)
    return {"state": state}


def moto(requests):
    shadow = None
    for payload in requests:
        shadow = FakeShadow.create_from_previous_version(shadow, json.loads(json.dumps(payload)))
        yield json.loads(json.dumps(shadow.to_dict()))


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    rng = random.Random(1)
    sequences = []
    for index in range(count):
        depth = index % 3
        sequences.append((depth, [request(rng, depth) for _ in range(rng.randrange(1, 6))]))
    lines = "".join(json.dumps(requests) + "\n" for _, requests in sequences)
    done = subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(sequences)
    states = deltas = failures = 0
    for (depth, requests), ours in zip(sequences, answers):
        for step, (got, expected) in enumerate(zip(ours, moto(requests), strict=True)):
            states += 1
            got_delta = got["state"].pop("delta", None)
            expected_delta = expected["state"].pop("delta", None)
            same = got["state"] == expected["state"] and got["version"] == expected["version"]
            if depth == 0:
                deltas += 1
                same = same and got_delta == expected_delta
            if not same:
                failures += 1
                if failures < 10:
                    print(f"FAIL step {step} of {json.dumps(requests)}:\n  moto {expected} {expected_delta}"
                          f"\n  ours {got} {got_delta}")
    print(f"{states} states and {deltas} deltas compared, {failures} differ")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
