//! Request and response: between clients, and with the shadow service.

use std::process::Stdio;
use std::sync::mpsc;

use crate::PATIENCE;
use crate::gateway::{Gateway, THING};
use crate::tools::{Subscriber, publish};

/// What `mosquitto_rr` prints: the answer to a request.
fn ask(gateway: &Gateway, arguments: &[&str]) -> String {
    let child = gateway
        .client("mosquitto_rr")
        .args(["-p", &gateway.mqtt.to_string(), "-q", "1"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = ended.recv_timeout(PATIENCE).expect("no answer").unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_shadow_by_request_and_response() {
    let Some(gateway) = Gateway::start() else {
        return;
    };
    for version in ["mqttv311", "mqttv5"] {
        let topic = |name: &str| format!("$aws/things/{THING}/shadow/{name}");
        let (update, accepted) = (topic("update"), topic("update/accepted"));
        let state = format!(r#"{{"state":{{"reported":{{"by":"{version}"}}}}}}"#);
        let answer = ask(
            &gateway,
            &["-V", version, "-t", &update, "-e", &accepted, "-m", &state],
        );
        assert!(
            answer.contains(&format!(r#""reported":{{"by":"{version}"}}"#)),
            "{answer}"
        );
        let (get, accepted) = (topic("get"), topic("get/accepted"));
        let answer = ask(
            &gateway,
            &["-V", version, "-t", &get, "-e", &accepted, "-m", ""],
        );
        assert!(answer.contains(&format!(r#""by":"{version}""#)), "{answer}");
        let (delete, accepted) = (topic("delete"), topic("delete/accepted"));
        let answer = ask(
            &gateway,
            &["-V", version, "-t", &delete, "-e", &accepted, "-m", ""],
        );
        assert!(answer.contains(r#""version":"#), "{answer}");
        let rejected = topic("get/rejected");
        let answer = ask(
            &gateway,
            &["-V", version, "-t", &get, "-e", &rejected, "-m", ""],
        );
        assert!(answer.contains(r#""code":404"#), "{answer}");
    }
}

#[test]
fn clients_ask_each_other() {
    let Some(gateway) = Gateway::start() else {
        return;
    };
    let server = Subscriber::printing(
        &gateway,
        "%R %D %p",
        &["-V", "mqttv5", "-i", "server", "-q", "1", "-t", "ask"],
    );
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let properties = ["-D", "publish", "correlation-data", "42"];
            let question = [
                "-V",
                "mqttv5",
                "-t",
                "ask",
                "-e",
                "answer/here",
                "-m",
                "how warm?",
            ];
            ask(&gateway, &[question.as_slice(), &properties].concat())
        });
        let question = server.next();
        assert_eq!(question, "answer/here 42 how warm?");
        let properties = ["-D", "publish", "correlation-data", "42"];
        let answer = ["-V", "mqttv5", "-q", "1", "-t", "answer/here", "-m", "21.5"];
        publish(&gateway, &[answer.as_slice(), &properties].concat());
        assert_eq!(asking.join().unwrap().trim_end(), "21.5");
    });
}
