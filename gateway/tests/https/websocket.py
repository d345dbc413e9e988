"""awsiotsdk over WebSocket with SigV4 against a gateway, by MQTT 3.1.1 and 5.

    python websocket.py PORT CA-FILE

The credentials and the region come from the environment.
"""

import os
import sys
import threading
from concurrent.futures import Future

from awscrt import auth, mqtt, mqtt5
from awsiot import mqtt5_client_builder, mqtt_connection_builder

PORT, CA = int(sys.argv[1]), sys.argv[2]
REGION = os.environ["AWS_DEFAULT_REGION"]
TIMEOUT = 20
CREDENTIALS = auth.AwsCredentialsProvider.new_default_chain()


def by_3_1_1():
    connection = mqtt_connection_builder.websockets_with_default_aws_signing(
        region=REGION,
        credentials_provider=CREDENTIALS,
        endpoint="localhost",
        port=PORT,
        ca_filepath=CA,
        client_id="sdk-311",
        keep_alive_secs=30,
    )
    connection.connect().result(TIMEOUT)
    received, arrived = [], threading.Event()

    def on_message(topic, payload, **_):
        received.append((topic, payload))
        if len(received) == 100:
            arrived.set()

    subscribed, _ = connection.subscribe("sdk/#", mqtt.QoS.AT_LEAST_ONCE, on_message)
    assert subscribed.result(TIMEOUT)["qos"] == mqtt.QoS.AT_LEAST_ONCE
    # From shorter than a frame's header to longer than its short form.
    sent = [(f"sdk/{number}", b"x" * (number * 700)) for number in range(100)]
    futures = [connection.publish(topic, payload, mqtt.QoS.AT_LEAST_ONCE)[0] for topic, payload in sent]
    for future in futures:
        future.result(TIMEOUT)
    assert arrived.wait(TIMEOUT), len(received)
    assert sorted(received) == sorted(sent)
    connection.disconnect().result(TIMEOUT)


def by_5():
    connected, stopped, message = Future(), Future(), Future()
    client = mqtt5_client_builder.websockets_with_default_aws_signing(
        region=REGION,
        credentials_provider=CREDENTIALS,
        endpoint="localhost",
        port=PORT,
        ca_filepath=CA,
        client_id="sdk-5",
        on_lifecycle_connection_success=lambda data: connected.set_result(data),
        on_lifecycle_connection_failure=lambda data: connected.set_exception(data.exception),
        on_lifecycle_stopped=lambda data: stopped.set_result(data),
        on_publish_received=lambda data: message.set_result(data.publish_packet),
    )
    client.start()
    connected.result(TIMEOUT)
    client.subscribe(mqtt5.SubscribePacket([mqtt5.Subscription("sdk/5", mqtt5.QoS.AT_LEAST_ONCE)])).result(TIMEOUT)
    publish = mqtt5.PublishPacket(
        topic="sdk/5",
        payload=b"hello",
        qos=mqtt5.QoS.AT_LEAST_ONCE,
        content_type="text/plain",
        user_properties=[mqtt5.UserProperty("k", "v")],
    )
    client.publish(publish).result(TIMEOUT)
    got = message.result(TIMEOUT)
    assert (got.topic, got.payload, got.content_type) == ("sdk/5", b"hello", "text/plain"), got
    assert [(one.name, one.value) for one in got.user_properties] == [("k", "v")], got
    client.stop()
    stopped.result(TIMEOUT)


def wrong_key():
    connection = mqtt_connection_builder.websockets_with_default_aws_signing(
        region=REGION,
        credentials_provider=auth.AwsCredentialsProvider.new_static("AKIASTRANGER", "secret", "token"),
        endpoint="localhost",
        port=PORT,
        ca_filepath=CA,
        client_id="stranger",
    )
    try:
        connection.connect().result(TIMEOUT)
    except Exception as error:
        assert "WEBSOCKET_UPGRADE_FAILURE" in str(error), error
    else:
        raise AssertionError("a stranger may connect")


by_3_1_1()
by_5()
wrong_key()
print("all right")
