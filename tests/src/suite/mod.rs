use crate::Report;

pub(crate) mod certificates;
mod limbo;
pub(crate) mod mqtt;
mod mqtt_normative;
pub(crate) mod policy;
pub(crate) mod shadow;
mod shadow_topics;
mod sigv4_sign;
pub(crate) mod sigv4_verify;
pub(crate) mod topic;

/// A named suite over one file format.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// The name on the command line.
    pub name: &'static str,
    /// The file in `vectors/` that holds our own cases; one in `third-party/` is other people's and not in this project.
    pub file: &'static str,
    /// Judges every case of a file; an error says why the file could not be read as this suite's format.
    pub run: fn(&[u8]) -> Result<Report, String>,
}

/// Every suite there is, in alphabetical order.
pub const SUITES: &[Suite] = &[
    Suite {
        name: "certificates",
        file: "certificates.json",
        run: certificates::run,
    },
    Suite {
        name: "limbo",
        file: "third-party/x509-limbo.json",
        run: limbo::run,
    },
    Suite {
        name: "mqtt",
        file: "mqtt-strictness.csv",
        run: mqtt::run,
    },
    Suite {
        name: "mqtt-normative",
        file: "mqtt-normative.csv",
        run: mqtt_normative::run,
    },
    Suite {
        name: "policy",
        file: "policy.json",
        run: policy::run,
    },
    Suite {
        name: "shadow",
        file: "shadow.json",
        run: shadow::run,
    },
    Suite {
        name: "shadow-topics",
        file: "shadow-topics.json",
        run: shadow_topics::run,
    },
    Suite {
        name: "sigv4-sign",
        file: "sigv4-botocore.json",
        run: sigv4_sign::run,
    },
    Suite {
        name: "sigv4-verify",
        file: "sigv4-verify.json",
        run: sigv4_verify::run,
    },
    Suite {
        name: "topic",
        file: "topic.csv",
        run: topic::run,
    },
];

/// The suite called `name`.
pub fn suite(name: &str) -> Option<&'static Suite> {
    SUITES.iter().find(|suite| suite.name == name)
}
