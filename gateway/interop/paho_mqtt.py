"""paho-mqtt: every version of MQTT, by certificate on both ports and over WebSocket, with QoS 2, wills and shadows."""

import json
import queue
import ssl

import paho.mqtt.client as paho
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import gateway
from gateway import TIMEOUT, trying

VERSIONS = {"3.1": paho.MQTTv31, "3.1.1": paho.MQTTv311, "5": paho.MQTTv5}


def tls(alpn=(), certificate=True):
    context = ssl.create_default_context(cafile=gateway.ca)
    if certificate:
        context.load_cert_chain(gateway.certificate, gateway.private_key)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def presigned():
    """The path of a WebSocket, signed as the service documents it."""
    request = AWSRequest("GET", f"https://{gateway.HOST}:{gateway.https_port}/mqtt")
    SigV4QueryAuth(Credentials(*gateway.access_key()), "iotdevicegateway", gateway.REGION).add_auth(request)
    return request.url[request.url.index("/mqtt") :]


class Client:
    """A client that has connected, and what has come to it."""

    def __init__(self, version, context, port, path=None, client_id=gateway.thing, before=None):
        self.events = queue.Queue()
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=VERSIONS[version],
            transport="websockets" if path else "tcp",
            reconnect_on_failure=False,
        )
        if path:
            self.client.ws_set_options(path=path)
        self.client.tls_set_context(context)
        if before:
            before(self.client)
        self.client.on_connect = lambda _c, _d, _f, reason, _p: self.events.put(("connected", reason))
        self.client.on_subscribe = lambda _c, _d, _m, reasons, _p: self.events.put(("subscribed", reasons))
        self.client.on_message = lambda _c, _d, message: self.events.put(("message", message))
        self.client.connect(gateway.HOST, port, keepalive=30)
        self.client.loop_start()
        reason = self.wait("connected")
        assert not reason.is_failure, reason

    def wait(self, wanted):
        event, content = self.events.get(timeout=TIMEOUT)
        assert event == wanted, (event, content)
        return content

    def subscribe(self, topic, qos):
        self.client.subscribe(topic, qos)
        (reason,) = self.wait("subscribed")
        assert reason.value == qos, reason

    def publish(self, *arguments, **more):
        sent = self.client.publish(*arguments, **more)
        sent.wait_for_publish(TIMEOUT)
        assert sent.is_published()

    def message(self):
        return self.wait("message")

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()


def talk(version, context, port, path=None, **more):
    client = Client(version, context, port, path, **more)
    client.subscribe("demo/paho/#", 2)
    for qos in (0, 1, 2):
        for size in (0, 1, 130, 200_000):
            client.publish(f"demo/paho/{qos}/{size}", b"x" * size, qos)
            got = client.message()
            assert (got.topic, got.qos, len(got.payload)) == (f"demo/paho/{qos}/{size}", qos, size)
    if version == "5":
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType, properties.UserProperty = "text/plain", [("k", "v")]
        client.publish("demo/paho/p", b"", 1, properties=properties)
        got = client.message().properties
        assert (got.ContentType, got.UserProperty) == ("text/plain", [("k", "v")]), got
    client.publish("demo/paho/kept", b"kept", 1, retain=True)
    assert not client.message().retain
    client.end()
    client = Client(version, context, port, path, **more)
    client.subscribe("demo/paho/#", 1)
    got = client.message()
    assert (got.topic, got.payload, got.retain) == ("demo/paho/kept", b"kept", True)
    client.publish("demo/paho/kept", b"", 1, retain=True)
    client.message()
    client.end()


def shadow(version):
    client = Client(version, tls(), gateway.mqtt_port)
    topic = f"$aws/things/{gateway.thing}/shadow"
    client.subscribe(f"{topic}/+/accepted", 1)
    client.publish(f"{topic}/update", json.dumps({"state": {"reported": {"by": version}}}), 1)
    got = client.message()
    assert got.topic == f"{topic}/update/accepted", got.topic
    assert json.loads(got.payload)["state"] == {"reported": {"by": version}}, got.payload
    client.publish(f"{topic}/delete", b"", 1)
    assert client.message().topic == f"{topic}/delete/accepted"
    client.end()


def will(version):
    """A client that is cut off leaves its will to one that watches over WebSocket."""
    watcher = Client(version, tls(certificate=False), gateway.https_port, presigned(), client_id="watcher")
    watcher.subscribe("demo/will", 1)
    dying = Client(
        version, tls(), gateway.mqtt_port, before=lambda client: client.will_set("demo/will", b"gone", 1)
    )
    dying.client.socket().shutdown(2)
    got = watcher.message()
    assert (got.payload, got.qos) == (b"gone", 1)
    watcher.end()
    dying.client.loop_stop()


for version in VERSIONS:
    with trying(f"MQTT {version} by certificate"):
        talk(version, tls(), gateway.mqtt_port)
    with trying(f"MQTT {version} by certificate and ALPN on the HTTPS port"):
        talk(version, tls(["x-amzn-mqtt-ca"]), gateway.https_port)
    with trying(f"MQTT {version} over WebSocket by certificate"):
        talk(version, tls(), gateway.https_port, "/mqtt")
    with trying(f"MQTT {version} over WebSocket with SigV4"):
        talk(version, tls(certificate=False), gateway.https_port, presigned(), client_id="console")
    with trying(f"a shadow by MQTT {version}"):
        shadow(version)
    with trying(f"a will by MQTT {version}"):
        will(version)
gateway.finish()
