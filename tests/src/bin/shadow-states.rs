//! `shadow-states`: what `shadow-doc` keeps, for comparison with other implementations (`oracles/`).
//!
//! Each line on standard input is a JSON list of update requests on a new shadow. Each line on standard output is the
//! list of what a `get` answers after each of them: `state` with `delta`, and `version`.

use std::io::{BufRead, Write};

use serde_json::Value;
use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = ShadowAddress::classic(ThingName::try_from("thing1")?);
    let service = Service::default();
    let now = EpochSeconds::from(1_700_000_000_u32);
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let requests: Vec<Value> = serde_json::from_str(&line?)?;
        let mut shadow = Shadow::default();
        let mut answers = Vec::new();
        for request in &requests {
            let payload = serde_json::to_vec(request)?;
            let update = Request::new(&address, Operation::Update, &payload);
            answers.push(match service.apply(&mut shadow, &update, now) {
                Err(rejection) => Value::from(rejection.code()),
                Ok(_) => {
                    let get = Request::new(&address, Operation::Get, b"");
                    let got = service.apply(&mut shadow, &get, now)?;
                    serde_json::from_slice(got.response())?
                }
            });
        }
        writeln!(out, "{}", Value::from(answers))?;
    }
    Ok(())
}
