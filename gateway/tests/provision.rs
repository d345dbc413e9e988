//! The data folder: what a first start makes, what a second finds, and what an interrupted one leaves.
//!
//! Policy: the layout is a contract for scripts, so it is asserted by literal names and modes. Interruptions are made
//! twice: by putting each half-way state in place, and by killing a child process at moments that nobody chose
//! (`THINGWIRE_CRASH_ROUNDS`, 20 unless told).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use iot_policy::{Request, Transport};
use thingwire::config::{Config, Flags};
use thingwire::pki::{ParsedCertificate, certificates_of_pem};
use thingwire::provision::{CreateThing, Opened, ProvisionError};
use thingwire::registry::{
    CertificateId, CertificateStatus, NewThing, PolicyName, Target, ThingName,
};
use thingwire::store::StoreErrorKind;

fn try_open(folder: &Path) -> Result<Opened, ProvisionError> {
    Opened::open(Config::load(folder, &Flags::default()).unwrap())
}

fn open(folder: &Path) -> Opened {
    try_open(folder).unwrap()
}

fn thing(name: &str) -> ThingName {
    ThingName::new(name).unwrap()
}

/// Every file below a folder but the store's, with its mode and content.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::metadata(&path).unwrap();
            if meta.is_dir() {
                assert_eq!(
                    meta.permissions().mode() & 0o777,
                    0o700,
                    "{}",
                    path.display()
                );
                if path != folder.join("store") {
                    folders.push(path);
                }
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                let mode = meta.permissions().mode() & 0o777;
                found.insert(name, (mode, fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn key_of(credentials: &str) -> (String, String) {
    let value = |name: &str| {
        let line = credentials.lines().find(|line| line.starts_with(name));
        line.unwrap().split_once(" = ").unwrap().1.to_owned()
    };
    (value("aws_access_key_id"), value("aws_secret_access_key"))
}

/// The whole contract, whatever happened before.
fn assert_whole(folder: &Path, opened: &Opened) {
    let files = files(folder);
    let names: Vec<&str> = files.keys().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "ca.key",
            "ca.pem",
            "credentials",
            "gateway.toml",
            "server.key",
            "server.pem",
            "things/demo/ca.pem",
            "things/demo/certificate.pem",
            "things/demo/private.key",
        ]
    );
    for private in [
        "ca.key",
        "credentials",
        "server.key",
        "things/demo/private.key",
    ] {
        assert_eq!(files[Path::new(private)].0, 0o600, "{private}");
    }
    let text = |name: &str| String::from_utf8(files[Path::new(name)].1.clone()).unwrap();
    assert!(folder.join("store").is_dir());
    assert!(text("things/demo/private.key").starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(text("things/demo/ca.pem"), text("ca.pem"));

    let der = certificates_of_pem(&text("things/demo/certificate.pem"))
        .unwrap()
        .remove(0);
    let certificate = opened
        .registry
        .certificate(&CertificateId::of(&der))
        .unwrap();
    assert_eq!(certificate.status, CertificateStatus::Active);
    let ca = certificates_of_pem(&text("ca.pem")).unwrap().remove(0);
    assert_eq!(certificate.ca_certificate_id, Some(CertificateId::of(&ca)));
    let things = opened
        .registry
        .things_of(&certificate.certificate_id)
        .unwrap();
    assert_eq!(things.len(), 1);
    assert_eq!(things[0].thing_name, "demo");

    let credentials = text("credentials");
    assert!(credentials.starts_with("[default]\n"));
    let (id, secret) = key_of(&credentials);
    let key = opened.registry.access_key(&id).unwrap().unwrap();
    assert_eq!(*key.secret_access_key, secret);

    let server = certificates_of_pem(&text("server.pem")).unwrap().remove(0);
    let server = ParsedCertificate::parse(&server).unwrap();
    assert!(server.dns_names.contains(&"localhost".to_owned()));
    for address in ["127.0.0.1", "::1"] {
        assert!(server.addresses.contains(&address.parse().unwrap()));
    }
}

#[test]
fn a_first_start_makes_everything_and_a_second_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let opened = open(&data);
    assert!(opened.first_start);
    assert_whole(&data, &opened);
    assert_eq!(
        fs::metadata(&data).unwrap().permissions().mode() & 0o777,
        0o700
    );
    opened.close().unwrap();

    let before = files(&data);
    let again = open(&data);
    assert!(!again.first_start);
    assert_whole(&data, &again);
    again.close().unwrap();
    assert!(files(&data) == before, "a file was changed");
}

#[test]
fn the_written_configuration_is_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let again = Config::load(folder.path(), &Flags::default()).unwrap();
    assert_eq!(format!("{:?}", opened.config), format!("{again:?}"));
}

#[test]
fn the_demo_client_may_do_what_the_readme_says_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let certificate = opened
        .registry
        .certificates_of_thing(&thing("demo"))
        .unwrap()
        .remove(0);
    let id = certificate.certificate_id;
    let set = Arc::new(
        opened
            .registry
            .policy_set(&id, &opened.config.scope())
            .unwrap(),
    );
    let allows = |client: &str, request: Request<'_>| {
        let context = opened
            .registry
            .connection_context(&id, Some(client), Transport::Mqtt)
            .unwrap();
        set.bind(&context).decide(&request, 0).is_allowed()
    };
    let publish = |topic| Request::Publish {
        topic,
        retain: false,
    };
    for allowed in [
        Request::Connect { client_id: "demo" },
        publish("demo/door"),
        publish("demo/a/b/c"),
        Request::Publish {
            topic: "demo/door",
            retain: true,
        },
        Request::Receive { topic: "demo/door" },
        Request::Subscribe { filter: "demo/#" },
        Request::Subscribe { filter: "demo/+/x" },
        Request::Subscribe {
            filter: "$share/group/demo/#",
        },
        publish("$aws/things/demo/shadow/update"),
        publish("$aws/things/demo/shadow/name/light/get"),
        Request::Subscribe {
            filter: "$aws/things/demo/shadow/#",
        },
        Request::Receive {
            topic: "$aws/things/demo/shadow/update/delta",
        },
        Request::GetThingShadow {
            thing: "demo",
            shadow: None,
        },
        Request::UpdateThingShadow {
            thing: "demo",
            shadow: Some("light"),
        },
        Request::DeleteThingShadow {
            thing: "demo",
            shadow: None,
        },
    ] {
        assert!(allows("demo", allowed), "{allowed:?}");
    }
    for denied in [
        Request::Connect { client_id: "other" },
        publish("demo"),
        publish("demon/door"),
        publish("other/demo/door"),
        Request::Receive {
            topic: "other/demo/x",
        },
        Request::Subscribe { filter: "#" },
        Request::Subscribe { filter: "+/door" },
        publish("$aws/things/demo2/shadow/update"),
        Request::Subscribe {
            filter: "$aws/things/+/shadow/#",
        },
        Request::GetThingShadow {
            thing: "demo2",
            shadow: None,
        },
    ] {
        assert!(!allows("demo", denied), "{denied:?}");
    }
}

/// Requests over HTTPS come from a certificate, under no client id: what a policy grants to a client id is nobody's there,
/// and what it grants to the certificate stays.
#[test]
fn an_https_request_has_no_client_id() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let registry = &opened.registry;
    let id = registry.certificates_of_thing(&thing("demo")).unwrap()[0].certificate_id;
    let name = PolicyName::new("by-client-id").unwrap();
    let scope = opened.config.scope();
    let document = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Publish", "Resource": [
        "SCOPEtopic/of/${iot:ClientId}*", "SCOPEtopic/things/${iot:Connection.Thing.ThingName}*",
        "SCOPEtopic/by/${iot:CertificateId}"]}}"#;
    registry
        .put_policy(&name, &document.replace("SCOPE", &scope.to_string()))
        .unwrap();
    registry
        .attach_policy(&name, &Target::Certificate(id))
        .unwrap();
    let set = Arc::new(registry.policy_set(&id, &scope).unwrap());
    let by_certificate = format!("by/{id}");
    for (client_id, transport, of, things) in [
        (None, Transport::Http, false, false),
        (Some("demo"), Transport::Http, true, false),
        (Some("demo"), Transport::Mqtt, true, true),
    ] {
        let context = registry
            .connection_context(&id, client_id, transport)
            .unwrap();
        assert_eq!(context.client_id(), client_id);
        let bound = set.bind(&context);
        let allows = |topic| {
            let request = Request::Publish {
                topic,
                retain: false,
            };
            bound.decide(&request, 0).is_allowed()
        };
        assert_eq!(allows("of/demo"), of, "{context:?}");
        assert_eq!(allows("things/demo"), things, "{context:?}");
        assert!(allows(&by_certificate), "{context:?}");
        assert!(
            !allows("of/victim") && !allows("things/victim"),
            "{context:?}"
        );
    }
}

#[test]
fn a_created_thing_has_its_own_topics_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let onboarding = opened.onboarding();
    for name in ["pump", "valve"] {
        onboarding
            .create(&CreateThing::new(NewThing::new(thing(name))))
            .unwrap();
    }
    let id = opened
        .registry
        .certificates_of_thing(&thing("pump"))
        .unwrap()[0]
        .certificate_id;
    let set = Arc::new(
        opened
            .registry
            .policy_set(&id, &opened.config.scope())
            .unwrap(),
    );
    let allows = |client: &str, request: Request<'_>| {
        let context = opened
            .registry
            .connection_context(&id, Some(client), Transport::Mqtt)
            .unwrap();
        set.bind(&context).decide(&request, 0).is_allowed()
    };
    let publish = |topic| Request::Publish {
        topic,
        retain: false,
    };
    assert!(allows("pump", Request::Connect { client_id: "pump" }));
    assert!(allows("pump", publish("pump/speed")));
    assert!(allows(
        "pump",
        Request::Subscribe {
            filter: "$aws/things/pump/shadow/#"
        }
    ));
    assert!(allows(
        "pump",
        Request::UpdateThingShadow {
            thing: "pump",
            shadow: None
        }
    ));
    // Under the name of another thing that exists, which the certificate is not attached to.
    assert!(!allows("valve", Request::Connect { client_id: "valve" }));
    assert!(!allows("valve", publish("valve/speed")));
    assert!(!allows(
        "nobody",
        Request::Connect {
            client_id: "nobody"
        }
    ));
    assert!(!allows("pump", publish("valve/speed")));
}

#[test]
fn a_thing_is_created_with_its_files_and_deleted_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    let onboarding = opened.onboarding();
    let mut create = CreateThing::new(NewThing::new(thing("pump")));
    create.policies = Some(vec![PolicyName::new("missing").unwrap()]);
    assert!(onboarding.create(&create).is_err());
    assert!(!folder.path().join("things/pump").exists());
    assert!(!folder.path().join("things/pump.new").exists());

    create.policies = None;
    let created = onboarding.create(&create).unwrap();
    assert_eq!(created.folder, folder.path().join("things/pump"));
    let again = onboarding.create(&create).unwrap_err();
    assert!(
        again
            .to_string()
            .contains("there is a thing `pump` already")
    );
    let retired = onboarding.delete(&thing("pump")).unwrap();
    assert_eq!(retired.deleted, [created.certificate.certificate_id]);
    assert!(!created.folder.exists());

    fs::create_dir(&created.folder).unwrap();
    let in_the_way = onboarding.create(&create).unwrap_err();
    assert!(
        in_the_way.to_string().contains("move it away"),
        "{in_the_way}"
    );
}

#[test]
fn the_demo_thing_does_not_come_again_after_being_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let opened = open(folder.path());
    opened.onboarding().delete(&thing("demo")).unwrap();
    fs::remove_file(opened.data.credentials()).unwrap();
    opened.close().unwrap();
    let again = open(folder.path());
    assert!(again.registry.thing(&thing("demo")).is_err());
    assert!(!again.data.thing(&thing("demo")).exists());
    assert!(!again.data.credentials().exists());
}

#[test]
fn a_second_process_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let _opened = open(folder.path());
    let refused = try_open(folder.path()).unwrap_err();
    assert_eq!(
        refused.store().map(|error| error.kind().clone()),
        Some(StoreErrorKind::InUse)
    );
    assert!(refused.to_string().contains("--data"), "{refused}");
}

#[test]
fn the_ca_is_kept_renewed_or_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    open(path).close().unwrap();
    let ca = fs::read_to_string(path.join("ca.pem")).unwrap();
    let subject = |pem: &str| {
        let der = certificates_of_pem(pem).unwrap().remove(0);
        ParsedCertificate::parse(&der).unwrap().subject
    };
    // Its certificate comes again from its key.
    fs::remove_file(path.join("ca.pem")).unwrap();
    open(path).close().unwrap();
    let renewed = fs::read_to_string(path.join("ca.pem")).unwrap();
    assert_eq!(subject(&ca), subject(&renewed));
    // Its key may be kept elsewhere; then nothing is signed here.
    let key = fs::read(path.join("ca.key")).unwrap();
    fs::remove_file(path.join("ca.key")).unwrap();
    let opened = open(path);
    let refused = opened
        .onboarding()
        .create(&CreateThing::new(NewThing::new(thing("pump"))))
        .unwrap_err();
    assert!(
        refused.to_string().contains("ca.key is not there"),
        "{refused}"
    );
    opened.close().unwrap();
    // Without both, devices trust nothing that could be made here.
    fs::remove_file(path.join("ca.pem")).unwrap();
    let refused = try_open(path).unwrap_err();
    assert!(refused.to_string().contains("restore them"), "{refused}");
    // A certificate that is not the key's.
    fs::write(path.join("ca.key"), key).unwrap();
    let other = tempfile::tempdir().unwrap();
    open(other.path()).close().unwrap();
    fs::copy(other.path().join("ca.pem"), path.join("ca.pem")).unwrap();
    let refused = try_open(path).unwrap_err();
    assert!(
        refused.to_string().contains("do not belong together"),
        "{refused}"
    );
}

#[test]
fn what_was_staged_is_finished_or_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    open(path).close().unwrap();
    // Registered, not yet in its place.
    let (demo, staged) = (path.join("things/demo"), path.join("things/demo.new"));
    fs::rename(&demo, &staged).unwrap();
    fs::rename(path.join("credentials"), path.join("credentials.new")).unwrap();
    // In no registry.
    let stray = path.join("things/stray.new");
    fs::create_dir(&stray).unwrap();
    fs::copy(path.join("ca.pem"), stray.join("certificate.pem")).unwrap();
    fs::create_dir(path.join("things/empty.new")).unwrap();
    let opened = open(path);
    assert_whole(path, &opened);
    opened.close().unwrap();
    // Staged once more although it is there: the older one counts.
    fs::create_dir(&staged).unwrap();
    fs::write(
        path.join("credentials.new"),
        "[default]\naws_access_key_id = AKIAX\n",
    )
    .unwrap();
    let opened = open(path);
    assert_whole(path, &opened);
}

#[test]
fn a_start_that_stopped_at_any_file_is_finished() {
    let whole = tempfile::tempdir().unwrap();
    open(whole.path()).close().unwrap();
    // Without the store, each subset of the first files that a start can leave behind.
    let steps = [
        "gateway.toml",
        "ca.key",
        "ca.pem",
        "server.key",
        "server.pem",
    ];
    for count in 0..=steps.len() {
        let folder = tempfile::tempdir().unwrap();
        for step in &steps[..count] {
            fs::copy(whole.path().join(step), folder.path().join(step)).unwrap();
        }
        fs::write(folder.path().join("ca.pem.part"), "half").unwrap();
        let opened = open(folder.path());
        assert!(opened.first_start);
        assert_whole(folder.path(), &opened);
    }
}

const FOLDER: &str = "THINGWIRE_PROVISION_FOLDER";

#[test]
#[ignore = "the child process of the test below"]
fn starting() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        println!("starting");
        open(Path::new(&folder)).close().unwrap();
        println!("started");
    }
}

#[test]
fn a_first_start_that_is_killed_is_finished_by_the_next() {
    let rounds: u64 = std::env::var("THINGWIRE_CRASH_ROUNDS")
        .map_or(20, |rounds| rounds.parse().expect("a number of rounds"));
    let mut interrupted = 0;
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "starting", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut said = String::new();
        let mut buffer = [0; 256];
        while !said.contains("starting") {
            let read = out.read(&mut buffer).unwrap();
            assert!(read > 0, "{said}");
            said.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        std::thread::sleep(Duration::from_micros(round * 1013 % 20_000));
        child.kill().unwrap();
        out.read_to_string(&mut said).unwrap();
        child.wait().unwrap();
        interrupted += u64::from(!said.contains("started"));

        let opened = open(folder.path());
        assert_whole(folder.path(), &opened);
        opened.close().unwrap();
    }
    println!("{interrupted} of {rounds} starts were killed before their end");
}
