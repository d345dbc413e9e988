"""awsiotsdk: its shadow clients, the first and the second, on MQTT 3.1.1 and 5, for the classic and a named shadow."""

import queue
from concurrent.futures import Future

import awsiot
from awscrt import mqtt, mqtt_request_response
from awsiot import iotshadow, mqtt5_client_builder, mqtt_connection_builder

import gateway
from gateway import TIMEOUT, trying

ARGUMENTS = {
    "endpoint": gateway.HOST,
    "port": gateway.mqtt_port,
    "ca_filepath": gateway.ca,
    "cert_filepath": gateway.certificate,
    "pri_key_filepath": gateway.private_key,
    "client_id": gateway.thing,
}
THING = {"thing_name": gateway.thing}
AT_LEAST_ONCE = mqtt.QoS.AT_LEAST_ONCE


def on_3_1_1(use):
    connection = mqtt_connection_builder.mtls_from_path(**ARGUMENTS, clean_session=True)
    connection.connect().result(TIMEOUT)
    try:
        use(connection)
    finally:
        connection.disconnect().result(TIMEOUT)


def on_5(use):
    connected, stopped = Future(), Future()
    client = mqtt5_client_builder.mtls_from_path(
        **ARGUMENTS,
        on_lifecycle_connection_success=connected.set_result,
        on_lifecycle_stopped=stopped.set_result,
    )
    client.start()
    connected.result(TIMEOUT)
    try:
        use(client)
    finally:
        client.stop()
        stopped.result(TIMEOUT)


def first(connection):
    client = iotshadow.IotShadowClient(connection)
    answers = queue.Queue()

    def subscribe(to, request):
        def put(answer):
            answers.put((to, answer))

        getattr(client, f"subscribe_to_{to}")(request, AT_LEAST_ONCE, put)[0].result(TIMEOUT)

    def answer(to):
        """The next answer; those of one request come in no order."""
        others = []
        while True:
            came, content = answers.get(timeout=TIMEOUT)
            if came == to:
                break
            others.append((came, content))
        for other in others:
            answers.put(other)
        return content

    subscribe("get_shadow_accepted", iotshadow.GetShadowSubscriptionRequest(**THING))
    subscribe("get_shadow_rejected", iotshadow.GetShadowSubscriptionRequest(**THING))
    subscribe("update_shadow_accepted", iotshadow.UpdateShadowSubscriptionRequest(**THING))
    subscribe("update_shadow_rejected", iotshadow.UpdateShadowSubscriptionRequest(**THING))
    subscribe("delete_shadow_accepted", iotshadow.DeleteShadowSubscriptionRequest(**THING))
    subscribe("shadow_delta_updated_events", iotshadow.ShadowDeltaUpdatedSubscriptionRequest(**THING))
    subscribe("shadow_updated_events", iotshadow.ShadowUpdatedSubscriptionRequest(**THING))

    client.publish_get_shadow(iotshadow.GetShadowRequest(**THING, client_token="1"), AT_LEAST_ONCE).result(TIMEOUT)
    error = answer("get_shadow_rejected")
    assert (error.code, error.client_token) == (404, "1"), error

    state = iotshadow.ShadowState(desired={"on": True}, reported={"on": False})
    update = iotshadow.UpdateShadowRequest(**THING, client_token="2", state=state)
    client.publish_update_shadow(update, AT_LEAST_ONCE).result(TIMEOUT)
    accepted = answer("update_shadow_accepted")
    assert (accepted.client_token, accepted.state.desired) == ("2", {"on": True}), accepted
    delta = answer("shadow_delta_updated_events")
    assert (delta.state, delta.version) == ({"on": True}, accepted.version), delta
    updated = answer("shadow_updated_events")
    assert updated.current.state.reported == {"on": False}, updated

    stale = iotshadow.UpdateShadowRequest(**THING, client_token="3", state=state, version=accepted.version + 7)
    client.publish_update_shadow(stale, AT_LEAST_ONCE).result(TIMEOUT)
    error = answer("update_shadow_rejected")
    assert (error.code, error.client_token) == (409, "3"), error

    client.publish_get_shadow(iotshadow.GetShadowRequest(**THING, client_token="4"), AT_LEAST_ONCE).result(TIMEOUT)
    got = answer("get_shadow_accepted")
    assert (got.client_token, got.state.delta) == ("4", {"on": True}), got
    client.publish_delete_shadow(iotshadow.DeleteShadowRequest(**THING, client_token="5"), AT_LEAST_ONCE).result(TIMEOUT)
    assert answer("delete_shadow_accepted").version == accepted.version


def second(connection):
    options = mqtt_request_response.ClientOptions(
        max_request_response_subscriptions=4, max_streaming_subscriptions=4, operation_timeout_in_seconds=TIMEOUT
    )
    client = iotshadow.IotShadowClientV2(connection, options)

    def stream(open_stream, request):
        """Opens a stream of events and waits until it is there."""
        events, established = queue.Queue(), Future()

        def status(event):
            if event.type == mqtt_request_response.SubscriptionStatusEventType.SUBSCRIPTION_ESTABLISHED:
                established.set_result(None)

        opened = open_stream(request, awsiot.ServiceStreamOptions(events.put, status))
        opened.open()
        established.result(TIMEOUT)
        return opened, events

    def fails(code, future):
        try:
            future.result(TIMEOUT)
        except awsiot.V2ServiceException as error:
            assert error.modeled_error.code == code, error.modeled_error
        else:
            raise AssertionError(f"not refused with {code}")

    fails(404, client.get_shadow(iotshadow.GetShadowRequest(**THING)))
    kept = stream(
        client.create_shadow_delta_updated_stream, iotshadow.ShadowDeltaUpdatedSubscriptionRequest(**THING)
    )
    state = iotshadow.ShadowState(desired={"on": True}, reported={"on": False})
    updated = client.update_shadow(iotshadow.UpdateShadowRequest(**THING, state=state)).result(TIMEOUT)
    assert updated.state.desired == {"on": True}, updated
    assert kept[1].get(timeout=TIMEOUT).state == {"on": True}
    stale = iotshadow.UpdateShadowRequest(**THING, state=state, version=updated.version + 7)
    fails(409, client.update_shadow(stale))
    got = client.get_shadow(iotshadow.GetShadowRequest(**THING)).result(TIMEOUT)
    assert (got.version, got.state.delta) == (updated.version, {"on": True}), got
    deleted = client.delete_shadow(iotshadow.DeleteShadowRequest(**THING)).result(TIMEOUT)
    assert deleted.version == updated.version, deleted

    named = THING | {"shadow_name": "config"}
    kept = stream(
        client.create_named_shadow_updated_stream, iotshadow.NamedShadowUpdatedSubscriptionRequest(**named)
    )
    updated = client.update_named_shadow(iotshadow.UpdateNamedShadowRequest(**named, state=state)).result(TIMEOUT)
    assert kept[1].get(timeout=TIMEOUT).current.state.desired == {"on": True}
    got = client.get_named_shadow(iotshadow.GetNamedShadowRequest(**named)).result(TIMEOUT)
    assert got.version == updated.version, got
    client.delete_named_shadow(iotshadow.DeleteNamedShadowRequest(**named)).result(TIMEOUT)


for shadow, use in (("the first shadow client", first), ("the second shadow client", second)):
    for version, on in (("MQTT 3.1.1", on_3_1_1), ("MQTT 5", on_5)):
        with trying(f"{shadow} on {version}"):
            on(use)
gateway.finish()
