"""awsiotsdk: MQTT 3.1.1 and 5 by certificate and by signed WebSocket."""

import functools
import queue
from concurrent.futures import Future

from awscrt import auth, mqtt, mqtt5
from awsiot import mqtt5_client_builder, mqtt_connection_builder

import gateway
from gateway import TIMEOUT, trying

BY_CERTIFICATE = {
    "endpoint": gateway.HOST,
    "ca_filepath": gateway.ca,
    "cert_filepath": gateway.certificate,
    "pri_key_filepath": gateway.private_key,
    "client_id": gateway.thing,
}
BY_KEY = {
    "endpoint": gateway.HOST,
    "port": gateway.https_port,
    "ca_filepath": gateway.ca,
    "region": gateway.REGION,
    "credentials_provider": auth.AwsCredentialsProvider.new_default_chain(),
    "client_id": "console",
}
STRANGER = auth.AwsCredentialsProvider.new_static("AKIASTRANGER", "secret", "token")


def by_3_1_1(connect):
    connection = connect()
    connection.connect().result(TIMEOUT)
    arrived = queue.Queue()
    subscribed, _ = connection.subscribe(
        "demo/3/#", mqtt.QoS.AT_LEAST_ONCE, lambda topic, payload, **_: arrived.put((topic, payload))
    )
    assert subscribed.result(TIMEOUT)["qos"] == mqtt.QoS.AT_LEAST_ONCE
    # From an empty one to some that are larger than a buffer.
    messages = [(f"demo/3/{number}", b"x" * (number * 700)) for number in range(100)]
    published = [connection.publish(*message, mqtt.QoS.AT_LEAST_ONCE)[0] for message in messages]
    for future in published:
        future.result(TIMEOUT)
    assert sorted(arrived.get(timeout=TIMEOUT) for _ in messages) == sorted(messages)
    unsubscribed, _ = connection.unsubscribe("demo/3/#")
    unsubscribed.result(TIMEOUT)
    connection.disconnect().result(TIMEOUT)


class Client5:
    """A client of MQTT 5 with what it has been told."""

    def __init__(self, build):
        self.connected, self.stopped, self.arrived = Future(), Future(), queue.Queue()
        self.client = build(
            on_lifecycle_connection_success=self.connected.set_result,
            on_lifecycle_connection_failure=self.failed,
            on_lifecycle_stopped=self.stopped.set_result,
            on_publish_received=lambda data: self.arrived.put(data.publish_packet),
        )
        self.client.start()

    def failed(self, data):
        # It tries again and again.
        if not self.connected.done():
            self.connected.set_exception(data.exception)

    def __enter__(self):
        self.connected.result(TIMEOUT)
        return self

    def __exit__(self, *_):
        self.client.stop()
        self.stopped.result(TIMEOUT)


def by_5(build):
    with Client5(build) as device:
        assert device.connected.result().connack_packet.reason_code == mqtt5.ConnectReasonCode.SUCCESS
        filters = ["demo/5/#", "$share/workers/demo/shared"]
        subscriptions = [mqtt5.Subscription(text, mqtt5.QoS.AT_LEAST_ONCE) for text in filters]
        suback = device.client.subscribe(mqtt5.SubscribePacket(subscriptions)).result(TIMEOUT)
        assert [code == mqtt5.SubackReasonCode.GRANTED_QOS_1 for code in suback.reason_codes] == [True, True], suback
        sent = mqtt5.PublishPacket(
            topic="demo/5/a",
            payload=b"hello",
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            content_type="text/plain",
            response_topic="demo/5/answer",
            correlation_data_bytes=b"\x00\xff",
            message_expiry_interval_sec=60,
            user_properties=[mqtt5.UserProperty("k", "v")],
        )
        puback = device.client.publish(sent).result(TIMEOUT).puback
        assert puback.reason_code == mqtt5.PubackReasonCode.SUCCESS, puback
        got = device.arrived.get(timeout=TIMEOUT)
        for name in ("topic", "payload", "qos", "content_type", "response_topic", "correlation_data_bytes"):
            assert getattr(got, name) == getattr(sent, name), name
        assert 0 < got.message_expiry_interval_sec <= 60
        assert [(one.name, one.value) for one in got.user_properties] == [("k", "v")]
        job = mqtt5.PublishPacket(topic="demo/shared", payload=b"1", qos=mqtt5.QoS.AT_MOST_ONCE)
        device.client.publish(job).result(TIMEOUT)
        assert device.arrived.get(timeout=TIMEOUT).topic == "demo/shared"
        unsuback = device.client.unsubscribe(mqtt5.UnsubscribePacket(filters)).result(TIMEOUT)
        assert all(code == mqtt5.UnsubackReasonCode.SUCCESS for code in unsuback.reason_codes), unsuback


def refused_3_1_1():
    arguments = BY_KEY | {"credentials_provider": STRANGER}
    try:
        mqtt_connection_builder.websockets_with_default_aws_signing(**arguments).connect().result(TIMEOUT)
    except Exception as error:
        assert "WEBSOCKET_UPGRADE_FAILURE" in str(error), error
    else:
        raise AssertionError("a stranger may connect")


# The SDK asks for MQTT by ALPN on this port alone.
ports = [gateway.mqtt_port] + [gateway.https_port] * (gateway.https_port == 443)
for port in ports:
    where = " on port 443" if port == 443 else ""
    connect = functools.partial(mqtt_connection_builder.mtls_from_path, **BY_CERTIFICATE, port=port)
    with trying(f"MQTT 3.1.1 by certificate{where}"):
        by_3_1_1(connect)
    build = functools.partial(mqtt5_client_builder.mtls_from_path, **BY_CERTIFICATE, port=port)
    with trying(f"MQTT 5 by certificate{where}"):
        by_5(build)
with trying("MQTT 3.1.1 over WebSocket with SigV4"):
    by_3_1_1(functools.partial(mqtt_connection_builder.websockets_with_default_aws_signing, **BY_KEY))
with trying("MQTT 5 over WebSocket with SigV4"):
    by_5(functools.partial(mqtt5_client_builder.websockets_with_default_aws_signing, **BY_KEY))
with trying("a key that nobody knows is refused"):
    refused_3_1_1()
gateway.finish()
