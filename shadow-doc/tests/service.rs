//! Policy: every row of the service's error table, every reading of `Profile`, every limit at its edge,
//! the store and the HTTP paths; one named row a case.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::string_slice,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::{Value, json};
use shadow_doc::{
    Accepted, AllNullObject, ArrayLevels, DeleteNumbering, DeltaMetadata, Depth, EmptyObjectDelta,
    EpochSeconds, ExplicitNull, Limits, MalformedEmptyRequest, MemoryStore, NamedShadow404,
    NullInArrayObject, Operation, Page, Processed, Profile, Put, Rejection, RejectionKind, Request,
    RestErrorKind, RestRequest, Service, Shadow, ShadowAddress, ShadowName, Store, ThingName,
    VersionOnMissing, process,
};
use support::{address, json as parse};

struct Desk {
    service: Service,
    address: ShadowAddress<'static>,
    shadow: Shadow,
    now: u32,
}

impl Desk {
    fn new(change: impl FnOnce(&mut Limits, &mut Profile)) -> Self {
        let (mut limits, mut profile) = (Limits::default(), Profile::default());
        change(&mut limits, &mut profile);
        let service = Service::new(limits, profile);
        Self {
            service,
            address: address(),
            shadow: Shadow::default(),
            now: 100,
        }
    }

    fn ask(&mut self, operation: Operation, payload: &str) -> Result<Accepted, Rejection> {
        let request = Request::new(&self.address, operation, payload.as_bytes());
        self.service
            .apply(&mut self.shadow, &request, EpochSeconds::from(self.now))
    }

    fn update(&mut self, payload: &str) -> Result<Accepted, Rejection> {
        self.ask(Operation::Update, payload)
    }

    fn state(&mut self) -> Value {
        parse(self.ask(Operation::Get, "").unwrap().response())["state"].clone()
    }
}

#[test]
fn every_row_of_the_error_table() {
    let deep = format!(
        r#"{{"state":{{"desired":{}1{}}}}}"#,
        r#"{"a":"#.repeat(9),
        "}".repeat(9)
    );
    let large = format!(
        r#"{{"state":{{"desired":{{"a":"{}"}}}}}}"#,
        "x".repeat(9000)
    );
    let token = format!(r#"{{"state":{{}},"clientToken":"{}"}}"#, "x".repeat(65));
    for (payload, code, message) in [
        ("", 400, "Invalid JSON"),
        ("{", 400, "Invalid JSON"),
        (r#"{"state":{}} x"#, 400, "Invalid JSON"),
        (r#"{"state":{"desired":{"a":01}}}"#, 400, "Invalid JSON"),
        (
            r#"{"state":{"desired":{"a":"\ud800"}}}"#,
            400,
            "Invalid JSON",
        ),
        (r#"{"state":{"desired":{"a":[null]}}}"#, 400, "Invalid JSON"),
        ("[]", 400, "Invalid JSON"),
        ("{}", 400, "Missing required node: state"),
        (r#"{"state":1}"#, 400, "State node must be an object"),
        (
            r#"{"state":{"desired":1}}"#,
            400,
            "Desired node must be an object",
        ),
        (
            r#"{"state":{"reported":[]}}"#,
            400,
            "Reported node must be an object",
        ),
        (r#"{"state":{},"version":"1"}"#, 400, "Invalid version"),
        (&token, 400, "Invalid clientToken"),
        (
            &deep,
            400,
            "JSON contains too many levels of nesting; maximum is 8",
        ),
        (
            r#"{"state":{"delta":{}}}"#,
            400,
            "State contains an invalid node: 'delta'",
        ),
        (
            r#"{"state":{"a\"b":{}}}"#,
            400,
            "State contains an invalid node: 'a\"b'",
        ),
        (r#"{"state":{},"version":7}"#, 409, "Version conflict"),
        (&large, 413, "The payload exceeds the maximum size allowed"),
    ] {
        let mut desk = Desk::new(|_, _| {});
        desk.update(r#"{"state":{"reported":{"keep":1}}}"#).unwrap();
        let before = desk.shadow.to_bytes();
        let rejection = desk.update(payload).unwrap_err();
        assert_eq!(
            (rejection.code(), &*rejection.message()),
            (code, message),
            "{payload}"
        );
        assert_eq!(parse(&rejection.to_payload())["message"], message);
        assert_eq!(desk.shadow.to_bytes(), before, "{payload}");
        assert!(!rejection.to_string().is_empty());
    }
    for (kind, code, message) in [
        (RejectionKind::Unauthorized, 401, "Unauthorized"),
        (RejectionKind::Forbidden, 403, "Forbidden"),
        (RejectionKind::NoThing, 404, "Thing not found"),
        (
            RejectionKind::MethodNotAllowed,
            405,
            "The specified verb and URI combination is not supported",
        ),
        (
            RejectionKind::TooManyInFlight,
            429,
            "Too many requests in flight",
        ),
        (
            RejectionKind::InternalFailure,
            500,
            "Internal service failure",
        ),
        (RejectionKind::Unavailable, 503, "Service unavailable"),
    ] {
        let rejection = Rejection::by_gateway(kind, br#"{"x":[1],"clientToken":"a\u0062"}"#);
        let expected = json!({"code": code, "message": message, "clientToken": "ab"});
        assert_eq!(parse(&rejection.to_payload()), expected);
    }
}

#[test]
fn the_client_token_is_echoed_in_a_rejection_once_it_is_known() {
    let mut desk = Desk::new(|_, _| {});
    for (payload, echoed) in [
        (r#"{"clientToken":"t"}"#, true),
        (r#"{"state":1,"clientToken":"t"}"#, true),
        (r#"{"state":{},"version":9,"clientToken":"t"}"#, true),
        (r#"{"state":{},"clientToken":"t""#, false),
        (r#"{"state":{},"clientToken":7}"#, false),
    ] {
        let rejection = desk.update(payload).unwrap_err();
        assert_eq!(rejection.client_token().is_some(), echoed, "{payload}");
    }
}

#[test]
fn limits_hold_at_their_edges() {
    let mut desk = Desk::new(|limits, _| {
        limits.document_bytes = 20;
        limits.client_token_bytes = 4;
        limits.depth = Depth::try_from(2).unwrap();
    });
    assert!(
        desk.update(r#"{"state":{"desired":{"k":"123456789012"}}}"#)
            .is_ok(),
        "20 bytes"
    );
    assert_eq!(
        desk.update(r#"{"state":{"desired":{"k":"1234567890123"}}}"#)
            .unwrap_err()
            .code(),
        413
    );
    // Both sections count, an absent one not.
    assert_eq!(
        desk.update(r#"{"state":{"reported":{"k":1}}}"#)
            .unwrap_err()
            .code(),
        413
    );
    assert!(
        desk.update(r#"{"state":{"desired":null,"reported":{"k":1}}}"#)
            .is_ok()
    );
    assert!(
        desk.update(r#"{"state":{},"clientToken":"éé"}"#).is_ok(),
        "four bytes"
    );
    assert_eq!(
        desk.update(r#"{"state":{},"clientToken":"ééx"}"#)
            .unwrap_err()
            .code(),
        400
    );
    assert!(
        desk.update(r#"{"state":{"reported":null,"desired":{"a":{"b":{}}}}}"#)
            .is_ok(),
        "an empty object is no level"
    );
    assert_eq!(
        desk.update(r#"{"state":{"desired":{"a":{"b":{"c":1}}}}}"#)
            .unwrap_err()
            .code(),
        400
    );
    let mut desk = Desk::new(|limits, _| limits.payload_bytes = 12);
    assert!(desk.update(r#"{"state":{}}"#).is_ok());
    assert_eq!(desk.update(r#"{"state":{} }"#).unwrap_err().code(), 413);
}

#[test]
fn a_tombstone_keeps_the_number_for_its_time() {
    for (numbering, after) in [
        (DeleteNumbering::TakesANumber, 3),
        (DeleteNumbering::Continues, 2),
    ] {
        for (seconds, version) in [(0, after), (9, after), (10, 1)] {
            let mut desk = Desk::new(|limits, profile| {
                limits.tombstone_seconds = 10;
                profile.delete_numbering = numbering;
            });
            desk.update(r#"{"state":{}}"#).unwrap();
            let deleted = desk.ask(Operation::Delete, "").unwrap();
            assert_eq!(deleted.version().get(), 1);
            desk.now += seconds;
            let again = desk.update(r#"{"state":{}}"#).unwrap();
            assert_eq!(
                again.version().get(),
                version,
                "{numbering:?} after {seconds} s"
            );
            assert!(
                again.previous().is_none(),
                "nothing is left of what was deleted"
            );
        }
    }
    // A clock that goes back forgets nothing.
    let mut desk = Desk::new(|_, _| {});
    desk.update(r#"{"state":{}}"#).unwrap();
    desk.ask(Operation::Delete, "").unwrap();
    desk.now = 1;
    assert_eq!(desk.update(r#"{"state":{}}"#).unwrap().version().get(), 3);
}

#[test]
fn profile_empty_object_delta() {
    let delta = |reading, desired: &str, reported: &str| {
        let mut desk = Desk::new(|_, profile| profile.empty_object_delta = reading);
        let update = format!(r#"{{"state":{{"desired":{desired},"reported":{reported}}}}}"#);
        let accepted = desk.update(&update).unwrap();
        let message = accepted
            .delta()
            .map_or(Value::Null, |delta| parse(delta)["state"].clone());
        let state = desk.state();
        assert_eq!(
            state.get("delta").unwrap_or(&Value::Null),
            &message,
            "get agrees"
        );
        message
    };
    use EmptyObjectDelta::{Included, Omitted};
    for (desired, reported, included, omitted) in [
        (r#"{"d":{}}"#, r#"{"z":1}"#, json!({"d":{}}), Value::Null),
        (
            r#"{"d":{},"e":1}"#,
            r#"{"z":1}"#,
            json!({"d":{},"e":1}),
            json!({"e":1}),
        ),
        (
            r#"{"a":{"d":{}}}"#,
            r#"{"a":{"z":1}}"#,
            json!({"a":{"d":{}}}),
            Value::Null,
        ),
        (r#"{"d":{}}"#, r#"{"d":{"z":1}}"#, Value::Null, Value::Null),
        (
            r#"{"d":{}}"#,
            r#"{"d":1}"#,
            json!({"d":{}}),
            json!({"d":{}}),
        ),
        (r#"{"d":{}}"#, "null", json!({"d":{}}), json!({"d":{}})),
    ] {
        assert_eq!(
            delta(Included, desired, reported),
            included,
            "{desired} {reported}"
        );
        assert_eq!(
            delta(Omitted, desired, reported),
            omitted,
            "{desired} {reported}"
        );
    }
}

#[test]
fn profile_all_null_object() {
    for (reading, patch, expected) in [
        (
            AllNullObject::Kept,
            r#"{"a":{"b":null}}"#,
            json!({"z":1,"a":{}}),
        ),
        (
            AllNullObject::Dropped,
            r#"{"a":{"b":null}}"#,
            json!({"z":1}),
        ),
        (
            AllNullObject::Kept,
            r#"{"a":{"b":{"c":null}}}"#,
            json!({"z":1,"a":{"b":{}}}),
        ),
        (
            AllNullObject::Dropped,
            r#"{"a":{"b":{"c":null}}}"#,
            json!({"z":1}),
        ),
        (
            AllNullObject::Dropped,
            r#"{"a":{"b":{"c":null},"d":1}}"#,
            json!({"z":1,"a":{"d":1}}),
        ),
        (AllNullObject::Dropped, r#"{"a":{}}"#, json!({"z":1,"a":{}})),
        (
            AllNullObject::Dropped,
            r#"{"a":{"b":{}}}"#,
            json!({"z":1,"a":{"b":{}}}),
        ),
    ] {
        let mut desk = Desk::new(|_, profile| profile.all_null_object = reading);
        desk.update(r#"{"state":{"desired":{"z":1}}}"#).unwrap();
        desk.update(&format!(r#"{{"state":{{"desired":{patch}}}}}"#))
            .unwrap();
        assert_eq!(desk.state()["desired"], expected, "{reading:?} {patch}");
        let document = desk.shadow.document().unwrap();
        assert_eq!(
            document.json_len(),
            document.desired().unwrap().to_json().len()
        );
    }
}

#[test]
fn the_other_profiles() {
    let code = |change: fn(&mut Profile), payload: &str| {
        let mut desk = Desk::new(|_, profile| change(profile));
        desk.update(payload)
            .map_or_else(|rejection| rejection.code(), |_| 200)
    };
    let version = r#"{"state":{},"version":5}"#;
    assert_eq!(code(|_| {}, version), 409);
    assert_eq!(
        code(
            |p| p.version_on_missing = VersionOnMissing::Invalid,
            version
        ),
        400
    );
    for payload in [
        r#"{"state":{},"version":null}"#,
        r#"{"state":{},"clientToken":null}"#,
    ] {
        assert_eq!(code(|_| {}, payload), 400);
        assert_eq!(
            code(|p| p.explicit_null = ExplicitNull::Absent, payload),
            200
        );
    }
    let nested = format!(
        r#"{{"state":{{"desired":{{"a":{}1{}}}}}}}"#,
        "[".repeat(20),
        "]".repeat(20)
    );
    assert_eq!(code(|_| {}, &nested), 400);
    assert_eq!(
        code(|p| p.array_levels = ArrayLevels::Ignored, &nested),
        200
    );
    let null = r#"{"state":{"desired":{"a":[{"b":null}]}}}"#;
    assert_eq!(code(|_| {}, null), 400);
    assert_eq!(
        code(|p| p.null_in_array_object = NullInArrayObject::Keep, null),
        200
    );

    for (reading, has_delta) in [
        (DeltaMetadata::Omitted, false),
        (DeltaMetadata::Included, true),
    ] {
        let mut desk = Desk::new(|_, profile| profile.delta_metadata = reading);
        desk.update(r#"{"state":{"desired":{"a":1}}}"#).unwrap();
        let document = parse(desk.ask(Operation::Get, "").unwrap().response());
        let stamp = json!({"a": {"timestamp": 100}});
        assert_eq!(
            document["metadata"].get("delta"),
            has_delta.then_some(&stamp)
        );
    }
    for (reading, found) in [
        (MalformedEmptyRequest::Reject, false),
        (MalformedEmptyRequest::Ignore, true),
    ] {
        let mut desk = Desk::new(|_, profile| profile.malformed_empty_request = reading);
        desk.update(r#"{"state":{}}"#).unwrap();
        assert_eq!(desk.ask(Operation::Get, "hello").is_ok(), found);
        assert!(desk.ask(Operation::Get, r#"{"any":"thing"}"#).is_ok());
    }
    for (reading, name) in [
        (NamedShadow404::ShadowName, "cfg"),
        (NamedShadow404::ThingAndShadow, "t~cfg"),
    ] {
        let mut desk = Desk::new(|_, profile| profile.named_shadow_404 = reading);
        let thing = ThingName::try_from("t").unwrap();
        desk.address = ShadowAddress::named(thing, ShadowName::try_from("cfg").unwrap());
        let rejection = desk.ask(Operation::Get, "").unwrap_err();
        assert_eq!(
            rejection.message(),
            format!("No shadow exists with name: '{name}'")
        );
    }
}

#[test]
fn numbers_compare_by_value_in_the_delta() {
    let delta = |desired: &str, reported: &str| {
        let mut desk = Desk::new(|_, _| {});
        let update =
            format!(r#"{{"state":{{"desired":{{"a":{desired}}},"reported":{{"a":{reported}}}}}}}"#);
        desk.update(&update).unwrap().delta().is_some()
    };
    assert!(!delta("1", "1.0"));
    assert!(!delta("[1,{\"x\":10}]", "[1.0,{\"x\":1e1}]"));
    assert!(!delta("-0", "0"));
    assert!(delta("9007199254740993", "9007199254740992"));
    assert!(delta("1", "true"));
    assert!(delta("1", "\"1\""));
    assert!(delta("[1,2]", "[2,1]"));
}

/// The flags that the delta is read from have to follow a patch on either side, at any depth.
#[test]
fn the_delta_follows_each_side() {
    let mut desk = Desk::new(|_, _| {});
    let mut delta = |update: &str| {
        let accepted = desk.update(&format!(r#"{{"state":{update}}}"#)).unwrap();
        accepted
            .delta()
            .map_or(Value::Null, |delta| parse(delta)["state"].clone())
    };
    let both = r#"{"desired":{"a":{"b":{"c":1,"d":2}},"e":[1]},"reported":{"a":{"b":{"c":1,"d":2}},"e":[1]}}"#;
    assert_eq!(delta(both), Value::Null);
    assert_eq!(
        delta(r#"{"reported":{"a":{"b":{"c":9}}}}"#),
        json!({"a":{"b":{"c":1}}})
    );
    assert_eq!(
        delta(r#"{"reported":{"a":{"b":7}}}"#),
        json!({"a":{"b":{"c":1,"d":2}}})
    );
    assert_eq!(
        delta(r#"{"reported":{"a":{"b":{"c":1}}}}"#),
        json!({"a":{"b":{"d":2}}})
    );
    assert_eq!(
        delta(r#"{"reported":{"a":null}}"#),
        json!({"a":{"b":{"c":1,"d":2}}})
    );
    assert_eq!(
        delta(r#"{"desired":{"a":{"b":{"d":null}}}}"#),
        json!({"a":{"b":{"c":1}}})
    );
    assert_eq!(delta(r#"{"reported":{"a":{"b":{"c":1}}}}"#), Value::Null);
    assert_eq!(
        delta(r#"{"reported":null}"#),
        json!({"a":{"b":{"c":1}},"e":[1]})
    );
    assert_eq!(
        delta(r#"{"reported":{"e":[1]}}"#),
        json!({"a":{"b":{"c":1}}})
    );
    assert_eq!(delta(r#"{"desired":null}"#), Value::Null);
    assert_eq!(
        delta(r#"{"desired":{"e":[2]},"reported":{"e":null,"f":1}}"#),
        json!({"e":[2]})
    );
}

#[test]
fn a_store_puts_only_what_nobody_else_has_changed() {
    let (service, mut store) = (Service::default(), MemoryStore::default());
    let address = address();
    let now = EpochSeconds::from(5_u32);
    let update = Request::new(
        &address,
        Operation::Update,
        br#"{"state":{"reported":{"a":1}}}"#,
    );
    let Ok(mut shadow) = store.load(&address);
    let loaded = shadow.revision();
    service.apply(&mut shadow, &update, now).unwrap();
    // Someone else is faster.
    assert!(matches!(
        process(&service, &mut store, &update, now),
        Ok(Processed::Accepted(_))
    ));
    assert_eq!(
        store.compare_and_put(&address, loaded, &shadow),
        Ok(Put::Conflict)
    );
    let Ok(kept) = store.load(&address);
    assert_eq!(
        store.compare_and_put(&address, kept.revision(), &Shadow::default()),
        Ok(Put::Stored)
    );
    assert!(store.is_empty());
}

#[test]
fn a_store_in_which_others_are_always_faster_ends_in_an_error() {
    struct Busy(usize);
    impl Store for Busy {
        type Error = std::io::Error;
        fn load(&mut self, _: &ShadowAddress<'_>) -> Result<Shadow, Self::Error> {
            Ok(Shadow::default())
        }
        fn compare_and_put(
            &mut self,
            _: &ShadowAddress<'_>,
            _: shadow_doc::Revision,
            _: &Shadow,
        ) -> Result<Put, Self::Error> {
            self.0 += 1;
            Ok(Put::Conflict)
        }
        fn list(
            &mut self,
            _: &ThingName<'_>,
            _: Option<&str>,
            _: usize,
        ) -> Result<Vec<ShadowName<'static>>, Self::Error> {
            Err(std::io::Error::other("not here"))
        }
        fn expire(&mut self, _: EpochSeconds, _: u64) -> Result<usize, Self::Error> {
            Ok(0)
        }
    }
    let mut busy = Busy(0);
    let address = address();
    let update = Request::new(
        &address,
        Operation::Update,
        br#"{"state":{},"clientToken":"t"}"#,
    );
    let done = process(
        &Service::default(),
        &mut busy,
        &update,
        EpochSeconds::default(),
    )
    .unwrap();
    let Processed::Rejected(rejection) = done else {
        panic!("nothing was put")
    };
    assert_eq!((rejection.code(), busy.0), (500, 16));
    assert_eq!(rejection.client_token().unwrap().as_str(), "t");
}

#[test]
fn named_shadows_are_listed_page_by_page() {
    let (service, mut store) = (Service::default(), MemoryStore::default());
    let thing = |name: &str| ThingName::try_from(name.to_owned()).unwrap();
    let mut make = |thing: ThingName<'static>, shadow: Option<&str>, operation| {
        let address = match shadow {
            None => ShadowAddress::classic(thing),
            Some(name) => {
                ShadowAddress::named(thing, ShadowName::try_from(name).unwrap()).into_owned()
            }
        };
        let request = Request::new(&address, operation, br#"{"state":{}}"#);
        process(&service, &mut store, &request, EpochSeconds::from(7_u32)).unwrap()
    };
    for name in ["c", "a", "b", "d"] {
        make(thing("t"), Some(name), Operation::Update);
    }
    make(thing("t"), None, Operation::Update);
    make(thing("t2"), Some("x"), Operation::Update);
    make(thing("t"), Some("b"), Operation::Delete);
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..10 {
        let Ok(page) = Page::load(&mut store, &thing("t"), token.as_deref(), Some(2));
        names.push(
            page.names()
                .iter()
                .map(|name| name.to_string())
                .collect::<Vec<_>>(),
        );
        let shown = parse(&page.to_payload(EpochSeconds::from(9_u32)));
        assert_eq!(shown["nextToken"].as_str(), page.next_token());
        assert_eq!(shown["timestamp"], 9);
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, [vec!["a", "c"], vec!["d"]]);
    assert_eq!(
        store.expire(EpochSeconds::from(7 + 48 * 3600), 48 * 3600),
        Ok(1)
    );
    assert_eq!(store.len(), 5);
}

#[test]
fn http_paths_are_read_and_written() {
    for (method, path, query, canonical) in [
        ("GET", "/things/t/shadow", None, "/things/t/shadow"),
        ("POST", "/things/a:b/shadow", None, "/things/a%3Ab/shadow"),
        (
            "DELETE",
            "/things/a%3ab/shadow",
            Some("name=%24package"),
            "/things/a%3Ab/shadow?name=%24package",
        ),
        (
            "GET",
            "/things/t/shadow",
            Some("x=1&name=cfg"),
            "/things/t/shadow?name=cfg",
        ),
        (
            "GET",
            "/api/things/shadow/ListNamedShadowsForThing/t",
            None,
            "/api/things/shadow/ListNamedShadowsForThing/t",
        ),
        (
            "GET",
            "/api/things/shadow/ListNamedShadowsForThing/t",
            Some("pageSize=100&nextToken=a%26b"),
            "/api/things/shadow/ListNamedShadowsForThing/t?nextToken=a%26b&pageSize=100",
        ),
    ] {
        let request = RestRequest::parse(method, path, query).unwrap();
        assert_eq!(request.method(), method);
        assert_eq!(request.to_path(), canonical);
        let (path, query) = canonical
            .split_once('?')
            .map_or((canonical, None), |(p, q)| (p, Some(q)));
        assert_eq!(RestRequest::parse(method, path, query).unwrap(), request);
    }
    for (method, path, query, kind) in [
        (
            "PUT",
            "/things/t/shadow",
            None,
            RestErrorKind::MethodNotAllowed,
        ),
        (
            "get",
            "/things/t/shadow",
            None,
            RestErrorKind::MethodNotAllowed,
        ),
        (
            "GET",
            "/things//shadow",
            None,
            RestErrorKind::InvalidThingName,
        ),
        (
            "GET",
            "/things/a%2Fb/shadow",
            None,
            RestErrorKind::InvalidThingName,
        ),
        (
            "GET",
            "/things/%ff/shadow",
            None,
            RestErrorKind::InvalidThingName,
        ),
        (
            "GET",
            "/things/a/b/shadow",
            None,
            RestErrorKind::UnknownPath,
        ),
        ("GET", "/things/t/shadow/", None, RestErrorKind::UnknownPath),
        (
            "GET",
            "/things/t/shadow",
            Some("name="),
            RestErrorKind::InvalidShadowName,
        ),
        (
            "GET",
            "/things/t/shadow",
            Some("name=%ff"),
            RestErrorKind::InvalidQuery,
        ),
        (
            "GET",
            "/api/things/shadow/ListNamedShadowsForThing/t",
            Some("pageSize=0"),
            RestErrorKind::InvalidPageSize,
        ),
        (
            "GET",
            "/api/things/shadow/ListNamedShadowsForThing/t",
            Some("pageSize=101"),
            RestErrorKind::InvalidPageSize,
        ),
        (
            "POST",
            "/api/things/shadow/ListNamedShadowsForThing/t",
            None,
            RestErrorKind::MethodNotAllowed,
        ),
    ] {
        let error = RestRequest::parse(method, path, query).unwrap_err();
        assert_eq!(error.kind(), kind, "{method} {path} {query:?}");
    }
}
