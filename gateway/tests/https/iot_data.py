"""boto3's `iot-data` against a gateway: every operation, and its typed exceptions.

    python iot_data.py PORT CA-FILE

The credentials and the region come from the environment. A client `sdk/client` is connected and subscribes to `sdk/#`.
"""

import base64
import json
import sys
import time

import boto3
from botocore.config import Config

PORT, CA = sys.argv[1], sys.argv[2]
iot = boto3.client(
    "iot-data",
    endpoint_url=f"https://localhost:{PORT}",
    verify=CA,
    config=Config(retries={"max_attempts": 0}),
)
done = set()


def call(name, **arguments):
    done.add(name)
    return getattr(iot, name)(**arguments)


def fails(exception, name, **arguments):
    try:
        call(name, **arguments)
    except getattr(iot.exceptions, exception) as error:
        assert error.response["Error"]["Code"] == exception, error.response
        assert error.response["Error"]["Message"], error.response
        assert error.response["ResponseMetadata"]["RequestId"], error.response
    else:
        raise AssertionError(f"{name}{arguments} did not raise {exception}")


# Messages.
call(
    "publish",
    topic="sdk/a b&/ü",
    qos=1,
    retain=True,
    payload=b"kept",
    userProperties=[{"deviceName": "alpha"}, {"deviceCnt": "45"}],
    payloadFormatIndicator="UTF8_DATA",
    contentType="text/plain; charset=utf-8",
    responseTopic="answers/1",
    correlationData=base64.b64encode(b"\x01\x02").decode(),
    messageExpiry=3600,
)
call("publish", topic="sdk/1", payload=b"")
call("publish", topic="sdk/text", payload="as text", userProperties='[{"k":"v"}]', retain=True)
fails("InvalidRequestException", "publish", topic="sdk/#", payload=b"x")

# Retained messages.
kept = call("get_retained_message", topic="sdk/a b&/ü")
assert kept["payload"] == b"kept", kept
assert kept["qos"] == 1 and kept["topic"] == "sdk/a b&/ü", kept
assert abs(kept["lastModifiedTime"] / 1000 - time.time()) < 60, kept
assert json.loads(kept["userProperties"]) == [{"deviceName": "alpha"}, {"deviceCnt": "45"}], kept
fails("ResourceNotFoundException", "get_retained_message", topic="nothing")
done.add("list_retained_messages")
pages = list(iot.get_paginator("list_retained_messages").paginate(maxResults=1))
assert [page["retainedTopics"][0]["topic"] for page in pages] == ["sdk/a b&/ü", "sdk/text"], pages
assert pages[0]["retainedTopics"][0]["payloadSize"] == 4, pages
call("publish", topic="sdk/text", payload=b"", retain=True)
assert len(call("list_retained_messages")["retainedTopics"]) == 1

# Shadows.
fails("ResourceNotFoundException", "get_thing_shadow", thingName="sdk")
for name in (None, "one", "two", "three"):
    shadow = {"thingName": "sdk"} | ({"shadowName": name} if name else {})
    state = {"state": {"desired": {"on": True}, "reported": {"on": False}}, "clientToken": "t"}
    updated = call("update_thing_shadow", payload=json.dumps(state).encode(), **shadow)
    updated = json.load(updated["payload"])
    assert updated["version"] == 1 and updated["clientToken"] == "t", updated
    got = json.load(call("get_thing_shadow", **shadow)["payload"])
    assert got["state"]["delta"] == {"on": True}, got
fails("ConflictException", "update_thing_shadow", thingName="sdk", payload=b'{"state":{},"version":9}')
fails("InvalidRequestException", "update_thing_shadow", thingName="sdk", payload=b"{")
large = json.dumps({"state": {"desired": {"a": "x" * 9000}}}).encode()
fails("RequestEntityTooLargeException", "update_thing_shadow", thingName="sdk", payload=large)
names = call("list_named_shadows_for_thing", thingName="sdk", pageSize=2)
assert names["results"] == ["one", "three"] and names["timestamp"] > 1_600_000_000, names
names = call("list_named_shadows_for_thing", thingName="sdk", pageSize=2, nextToken=names["nextToken"])
assert names["results"] == ["two"] and "nextToken" not in names, names
deleted = json.load(call("delete_thing_shadow", thingName="sdk", shadowName="one")["payload"])
assert deleted["version"] == 1, deleted
fails("ResourceNotFoundException", "delete_thing_shadow", thingName="sdk", shadowName="one")

# Connections.
seen = call("get_connection", clientId="sdk/client", includeSocketInformation=True)
assert seen["connected"] and seen["clientId"] == "sdk/client", seen
assert abs(seen["connectedSince"] / 1000 - time.time()) < 300, seen
listed = call("list_subscriptions", clientId="sdk/client", maxResults=10)
assert listed["subscriptions"] == [{"topicFilter": "sdk/#", "qos": 1}], listed
sent = call("send_direct_message", clientId="sdk/client", topic="to/you", payload=b"x", confirmation=True, timeout=10)
assert sent["message"] == "OK" and sent["traceId"], sent
call("send_direct_message", clientId="sdk/client", topic="to/you", payload=b"x", userProperties=[{"k": "v"}])
fails("ResourceNotFoundException", "send_direct_message", clientId="nobody", topic="to/you", payload=b"x")
call("delete_connection", clientId="sdk/client", cleanSession=True, preventWillMessage=True)
fails("ResourceNotFoundException", "get_connection", clientId="sdk/client")

every = {
    "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
    for name in iot.meta.service_model.operation_names
}
assert done == every, every ^ done
print(f"{len(done)} of {len(every)} operations")

# Somebody else's key.
stranger = boto3.client(
    "iot-data",
    endpoint_url=f"https://localhost:{PORT}",
    verify=CA,
    aws_access_key_id="AKIASTRANGER",
    aws_secret_access_key="secret",
)
try:
    stranger.publish(topic="sdk/1", payload=b"x")
except stranger.exceptions.ClientError as error:
    assert error.response["Error"]["Code"] == "UnrecognizedClientException", error.response
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error.response
else:
    raise AssertionError("a stranger may publish")
print("all right")
