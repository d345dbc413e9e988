"""AWSIoTPythonSDK: its MQTT client and its shadow client, by certificate and by signed WebSocket."""

import json
import queue
import socket

import boto3
from AWSIoTPythonSDK.MQTTLib import AWSIoTMQTTClient, AWSIoTMQTTShadowClient

import gateway
from gateway import TIMEOUT, trying

# The SDK wants to see the service's name, and the region in it, before it opens a WebSocket. What a line in `/etc/hosts`
# would do is done here: the name leads to this machine.
SERVICE_NAME = f"thingwire.iot.{gateway.REGION}.amazonaws.test"
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve(
    gateway.HOST if host == SERVICE_NAME else host, *rest, **more
)


application = boto3.client(
    "iot-data", endpoint_url=f"https://{gateway.HOST}:{gateway.https_port}", verify=gateway.ca
)


def by_certificate(client, port=gateway.mqtt_port):
    client.configureEndpoint(gateway.HOST, port)
    client.configureCredentials(gateway.ca, gateway.private_key, gateway.certificate)
    return client


def by_key(client):
    client.configureEndpoint(SERVICE_NAME, gateway.https_port)
    client.configureCredentials(gateway.ca)
    client.configureIAMCredentials(*gateway.access_key(), "")
    return client


def talk(client):
    client.configureConnectDisconnectTimeout(TIMEOUT)
    client.configureMQTTOperationTimeout(TIMEOUT)
    arrived = queue.Queue()
    assert client.connect()
    assert client.subscribe("demo/v1/#", 1, lambda _client, _data, message: arrived.put(message))
    sent = {f"demo/v1/{qos}/{size}": (qos, "x" * size) for qos in (0, 1) for size in (0, 1, 130, 20_000)}
    for topic, (qos, payload) in sent.items():
        assert client.publish(topic, payload, qos)
    got = [arrived.get(timeout=TIMEOUT) for _ in sent]
    assert {message.topic: (message.qos, message.payload.decode()) for message in got} == sent
    assert client.unsubscribe("demo/v1/#")
    assert client.disconnect()


def shadow(client):
    client.configureConnectDisconnectTimeout(TIMEOUT)
    client.configureMQTTOperationTimeout(TIMEOUT)
    assert client.connect()
    device = client.createShadowHandlerWithName(gateway.thing, True)
    answers, deltas = queue.Queue(), queue.Queue()

    def answered(payload, status, _token):
        answers.put((status, payload))

    def answer():
        status, payload = answers.get(timeout=TIMEOUT)
        return status, payload and json.loads(payload)

    device.shadowRegisterDeltaCallback(lambda payload, _status, _token: deltas.put(json.loads(payload)))
    device.shadowGet(answered, TIMEOUT)
    status, refused = answer()
    assert (status, refused["code"]) == ("rejected", 404), (status, refused)
    device.shadowUpdate(json.dumps({"state": {"reported": {"on": False}}}), answered, TIMEOUT)
    status, updated = answer()
    assert (status, updated["state"]["reported"]) == ("accepted", {"on": False}), (status, updated)
    # What the device has been told as an answer is no news to it: somebody else has to want something.
    application.update_thing_shadow(thingName=gateway.thing, payload=b'{"state":{"desired":{"on":true}}}')
    delta = deltas.get(timeout=TIMEOUT)
    assert (delta["state"], delta["version"]) == ({"on": True}, updated["version"] + 1), delta
    device.shadowGet(answered, TIMEOUT)
    status, got = answer()
    assert (status, got["version"]) == ("accepted", delta["version"]), (status, got)
    device.shadowDelete(answered, TIMEOUT)
    status, _ = answer()
    assert status == "accepted", status
    device.shadowUnregisterDeltaCallback()
    assert client.disconnect()


# The SDK asks for MQTT by ALPN on this port alone.
ports = [gateway.mqtt_port] + [gateway.https_port] * (gateway.https_port == 443)
for port in ports:
    with trying("MQTT by certificate" + " on port 443" * (port == 443)):
        talk(by_certificate(AWSIoTMQTTClient(gateway.thing), port))
with trying("the shadow client by certificate"):
    shadow(by_certificate(AWSIoTMQTTShadowClient(gateway.thing)))
with trying("MQTT over WebSocket with SigV4"):
    talk(by_key(AWSIoTMQTTClient("console", useWebsocket=True)))
with trying("the shadow client over WebSocket with SigV4"):
    shadow(by_key(AWSIoTMQTTShadowClient("console", useWebsocket=True)))
gateway.finish()
