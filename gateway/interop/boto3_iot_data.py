"""boto3: every operation of `iot-data`, with its typed exceptions, and a device that the messages are for."""

import base64
import json
import queue
import time

import boto3
import paho.mqtt.client as paho
from botocore.config import Config

import gateway
from gateway import TIMEOUT, trying

ENDPOINT = {
    "endpoint_url": f"https://{gateway.HOST}:{gateway.https_port}",
    "verify": gateway.ca,
    "config": Config(retries={"max_attempts": 0}, read_timeout=TIMEOUT, connect_timeout=TIMEOUT),
}
iot = boto3.client("iot-data", **ENDPOINT)
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


def publish(arrived):
    call(
        "publish",
        topic="demo/a b&/ü",
        qos=1,
        retain=True,
        payload=b"kept",
        userProperties=[{"deviceName": "alpha"}, {"deviceCnt": "45"}],
        payloadFormatIndicator="UTF8_DATA",
        contentType="text/plain; charset=utf-8",
        responseTopic="demo/answers/1",
        correlationData=base64.b64encode(b"\x01\x02").decode(),
        messageExpiry=3600,
    )
    got = arrived.get(timeout=TIMEOUT)
    assert (got.topic, got.payload, got.qos) == ("demo/a b&/ü", b"kept", 1), got.topic
    properties = got.properties
    assert properties.UserProperty == [("deviceName", "alpha"), ("deviceCnt", "45")], properties
    assert (properties.ContentType, properties.PayloadFormatIndicator) == ("text/plain; charset=utf-8", 1), properties
    assert (properties.ResponseTopic, properties.CorrelationData) == ("demo/answers/1", b"\x01\x02"), properties
    assert 3500 < properties.MessageExpiryInterval <= 3600, properties
    call("publish", topic="demo/1", payload=b"")
    assert arrived.get(timeout=TIMEOUT).payload == b""
    call("publish", topic="demo/text", payload="as text", userProperties='[{"k":"v"}]', retain=True)
    assert arrived.get(timeout=TIMEOUT).properties.UserProperty == [("k", "v")]
    fails("InvalidRequestException", "publish", topic="demo/#", payload=b"x")


def retained_messages():
    kept = call("get_retained_message", topic="demo/a b&/ü")
    assert (kept["payload"], kept["qos"], kept["topic"]) == (b"kept", 1, "demo/a b&/ü"), kept
    assert abs(kept["lastModifiedTime"] / 1000 - time.time()) < 300, kept
    assert json.loads(kept["userProperties"]) == [{"deviceName": "alpha"}, {"deviceCnt": "45"}], kept
    fails("ResourceNotFoundException", "get_retained_message", topic="nothing")
    done.add("list_retained_messages")
    pages = list(iot.get_paginator("list_retained_messages").paginate(maxResults=1))
    assert [page["retainedTopics"][0]["topic"] for page in pages] == ["demo/a b&/ü", "demo/text"], pages
    assert pages[0]["retainedTopics"][0]["payloadSize"] == 4, pages
    for topic in ("demo/a b&/ü", "demo/text"):
        call("publish", topic=topic, payload=b"", retain=True)
    assert call("list_retained_messages")["retainedTopics"] == []


def shadows():
    fails("ResourceNotFoundException", "get_thing_shadow", thingName="sdk")
    for name in (None, "one", "two", "three"):
        shadow = {"thingName": "sdk"} | ({"shadowName": name} if name else {})
        state = {"state": {"desired": {"on": True}, "reported": {"on": False}}, "clientToken": "t"}
        updated = call("update_thing_shadow", payload=json.dumps(state).encode(), **shadow)
        updated = json.load(updated["payload"])
        assert (updated["version"], updated["clientToken"]) == (1, "t"), updated
        got = json.load(call("get_thing_shadow", **shadow)["payload"])
        assert got["state"]["delta"] == {"on": True}, got
    fails("ConflictException", "update_thing_shadow", thingName="sdk", payload=b'{"state":{},"version":9}')
    fails("InvalidRequestException", "update_thing_shadow", thingName="sdk", payload=b"{")
    large = json.dumps({"state": {"desired": {"a": "x" * 9000}}}).encode()
    fails("RequestEntityTooLargeException", "update_thing_shadow", thingName="sdk", payload=large)
    page = call("list_named_shadows_for_thing", thingName="sdk", pageSize=2)
    assert page["results"] == ["one", "three"] and page["timestamp"] > 1_600_000_000, page
    page = call("list_named_shadows_for_thing", thingName="sdk", pageSize=2, nextToken=page["nextToken"])
    assert page["results"] == ["two"] and "nextToken" not in page, page
    for name in ("one", "two", "three"):
        deleted = json.load(call("delete_thing_shadow", thingName="sdk", shadowName=name)["payload"])
        assert deleted["version"] == 1, deleted
    fails("ResourceNotFoundException", "delete_thing_shadow", thingName="sdk", shadowName="one")
    call("delete_thing_shadow", thingName="sdk")


def connections(arrived):
    seen = call("get_connection", clientId=gateway.thing, includeSocketInformation=True)
    assert seen["connected"] and seen["clientId"] == gateway.thing, seen
    assert abs(seen["connectedSince"] / 1000 - time.time()) < 300, seen
    listed = call("list_subscriptions", clientId=gateway.thing, maxResults=10)
    assert listed["subscriptions"] == [{"topicFilter": "demo/#", "qos": 1}], listed
    message = {"clientId": gateway.thing, "topic": "demo/you", "payload": b"x"}
    sent = call("send_direct_message", **message, confirmation=True, timeout=10)
    assert sent["message"] == "OK" and sent["traceId"], sent
    assert arrived.get(timeout=TIMEOUT).topic == "demo/you"
    call("send_direct_message", **message, userProperties=[{"k": "v"}])
    assert arrived.get(timeout=TIMEOUT).properties.UserProperty == [("k", "v")]
    fails("ResourceNotFoundException", "send_direct_message", **message | {"clientId": "nobody"})
    call("delete_connection", clientId=gateway.thing, cleanSession=True, preventWillMessage=True)
    fails("ResourceNotFoundException", "get_connection", clientId=gateway.thing)


def stranger():
    unknown = boto3.client("iot-data", aws_access_key_id="AKIASTRANGER", aws_secret_access_key="secret", **ENDPOINT)
    try:
        unknown.publish(topic="demo/1", payload=b"x")
    except unknown.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "UnrecognizedClientException", error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error.response
    else:
        raise AssertionError("a stranger may publish")


def device():
    """Connects a device that takes what is under `demo/`."""
    arrived, ready = queue.Queue(), queue.Queue()
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2, gateway.thing, protocol=paho.MQTTv5, reconnect_on_failure=False
    )
    client.tls_set(gateway.ca, gateway.certificate, gateway.private_key)
    client.on_connect = lambda *_: client.subscribe("demo/#", 1)
    client.on_subscribe = lambda *_: ready.put(None)
    client.on_message = lambda _client, _data, message: arrived.put(message)
    client.connect(gateway.HOST, gateway.mqtt_port)
    client.loop_start()
    ready.get(timeout=TIMEOUT)
    return arrived


with trying("messages to a device"):
    arrived = device()
    publish(arrived)
with trying("retained messages"):
    retained_messages()
with trying("shadows, classic and named"):
    shadows()
with trying("connections, subscriptions, direct messages"):
    while not arrived.empty():
        arrived.get()
    connections(arrived)
with trying("a key that nobody knows is refused"):
    stranger()
with trying(f"all {len(iot.meta.service_model.operation_names)} operations were called"):
    words = lambda name: "".join("_" + one.lower() if one.isupper() else one for one in name).lstrip("_")
    assert done == {words(name) for name in iot.meta.service_model.operation_names}, done
gateway.finish()
