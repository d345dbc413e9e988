//! The words of the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use super::Failure;
use crate::admin::{Question, Request};
use crate::config::{Flags, ListenAddress, LoopbackAddress, Profile};
use crate::registry::{CertificateStatus, PolicyName};

/// A device gateway that speaks as AWS IoT Core does, on one machine.
///
/// Without a command it serves, and makes its data folder first when there is none. The commands speak to the gateway
/// that runs on the data folder, or work on the folder themselves when none runs.
#[derive(Debug, Parser)]
#[command(name = "thingwire", version, max_term_width = 100)]
pub(super) struct Arguments {
    /// The data folder.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./thingwire-data",
        global = true
    )]
    pub(super) data: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) serve: ServeArguments,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Serving")]
pub(super) struct ServeArguments {
    /// Where MQTT over mutual TLS is served: ADDRESS:PORT or a port of every interface [default: 8883].
    #[arg(long, value_name = "ADDR")]
    mqtt: Option<ListenAddress>,
    /// Where HTTPS, and MQTT over WebSocket, is served [default: 8443].
    #[arg(long, value_name = "ADDR")]
    https: Option<ListenAddress>,
    /// Where the read-only status is served over HTTP, to anybody who can reach it [default: nowhere].
    #[arg(long, value_name = "ADDR")]
    admin: Option<ListenAddress>,
    /// The region in ARNs and signatures [default: us-east-1].
    #[arg(long)]
    region: Option<String>,
    /// Behave as the MQTT standards say (strict) or as AWS IoT Core does (aws) [default: strict].
    #[arg(long, value_name = "strict|aws")]
    profile: Option<Profile>,
    /// Serve MQTT without TLS to anybody on this machine: ADDRESS:PORT of the loopback, or a port.
    #[arg(long, value_name = "ADDR")]
    dangerous_plain_mqtt: Option<LoopbackAddress>,
    /// The policy that says what clients without TLS may do [default: everything].
    #[arg(long, value_name = "NAME")]
    dangerous_plain_policy: Option<PolicyName>,
}

impl ServeArguments {
    pub(super) fn flags(self) -> Flags {
        Flags {
            mqtt: self.mqtt,
            https: self.https,
            admin: self.admin,
            region: self.region,
            profile: self.profile,
            dangerous_plain_mqtt: self.dangerous_plain_mqtt,
            dangerous_plain_policy: self.dangerous_plain_policy,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Things: devices with a name, a certificate and shadows.
    #[command(subcommand)]
    Thing(ThingCommand),
    /// Device certificates.
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// Authorities whose certificates devices may present.
    #[command(subcommand)]
    Ca(CaCommand),
    /// Policies: what a device may do.
    #[command(subcommand)]
    Policy(PolicyCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum ThingCommand {
    /// Create a thing; certificate, key and CA are written to `things/NAME/` in the data folder.
    Create {
        /// Letters, digits, `:`, `_` and `-`; also the client id to connect with.
        name: String,
        /// Sign the key of this certificate signing request instead of making one: the key stays on the device.
        #[arg(long, value_name = "FILE")]
        csr: Option<PathBuf>,
        /// Attach this policy, once or more, instead of `own-topics`.
        #[arg(long, value_name = "NAME")]
        policy: Vec<String>,
        /// Attach no policy: the device may do nothing yet.
        #[arg(long, conflicts_with = "policy")]
        no_policy: bool,
        /// An attribute for policies to ask for.
        #[arg(long, value_name = "NAME=VALUE")]
        attribute: Vec<String>,
    },
    /// List things.
    List,
    /// Show a thing and its certificates.
    Show {
        /// The thing's name.
        name: String,
    },
    /// Delete a thing, the certificates that are its alone, and its files; shadows are kept.
    Delete {
        /// The thing's name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CertificateCommand {
    /// Register a certificate that was made elsewhere; a registered CA that signed it is found.
    Register {
        /// The certificate in PEM.
        file: PathBuf,
        /// Register it without making it active.
        #[arg(long)]
        inactive: bool,
        /// Attach it to this thing, which is created when it is not there.
        #[arg(long, value_name = "NAME")]
        thing: Option<String>,
    },
    /// List certificates.
    List,
    /// Show a certificate.
    Show {
        /// Its id, or at least the first 6 digits.
        id: String,
    },
    /// Let the device of a certificate in.
    Activate {
        /// Its id, or at least the first 6 digits.
        id: String,
    },
    /// Keep the device of a certificate out; its live connections are closed.
    Deactivate {
        /// Its id, or at least the first 6 digits.
        id: String,
    },
    /// Keep the device of a certificate out for good; its live connections are closed.
    Revoke {
        /// Its id, or at least the first 6 digits.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CaCommand {
    /// Register a CA: certificates that it signed can be registered with it.
    Register {
        /// The CA's certificate in PEM.
        file: PathBuf,
    },
    /// List CAs.
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Create a policy, or give it another document.
    Put {
        /// The policy's name.
        name: String,
        /// The document: an AWS IoT policy in JSON.
        file: PathBuf,
    },
    /// List policies.
    List,
    /// Show a policy and its document.
    Show {
        /// The policy's name.
        name: String,
    },
    /// Delete a policy that is not attached.
    Delete {
        /// The policy's name.
        name: String,
    },
    /// Attach a policy to a certificate, or to each certificate of a thing.
    Attach {
        /// The policy's name.
        name: String,
        /// A certificate's id, at least its first 6 digits, or a thing's name.
        target: String,
    },
    /// Detach a policy from a certificate, or from each certificate of a thing.
    Detach {
        /// The policy's name.
        name: String,
        /// A certificate's id, at least its first 6 digits, or a thing's name.
        target: String,
    },
    /// Say why a device would be allowed or denied something; ends with 3 when it would be denied.
    Explain {
        /// A certificate's id, at least its first 6 digits, or a thing's name.
        target: String,
        /// connect, publish, retain, subscribe, receive, get-shadow, update-shadow or delete-shadow.
        action: String,
        /// The client id, topic, filter, or THING[/SHADOW].
        resource: String,
        /// The client id that the device connects with [default: the thing's name].
        #[arg(long, value_name = "ID")]
        client_id: Option<String>,
    },
}

impl Command {
    /// The order in the gateway's words. Files are read here: the gateway may not be allowed to.
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Thing(command) => command.request()?,
            Self::Certificate(command) => command.request()?,
            Self::Ca(CaCommand::Register { file }) => {
                Request::AuthorityRegister { pem: read(file)? }
            }
            Self::Ca(CaCommand::List) => Request::AuthorityList,
            Self::Policy(command) => command.request()?,
        })
    }
}

impl ThingCommand {
    fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Create {
                name,
                csr,
                policy,
                no_policy,
                attribute,
            } => Request::ThingCreate {
                name: name.clone(),
                request_pem: csr.as_deref().map(read).transpose()?,
                policies: (*no_policy || !policy.is_empty()).then(|| policy.clone()),
                attributes: attributes(attribute)?,
            },
            Self::List => Request::ThingList,
            Self::Show { name } => Request::ThingShow { name: name.clone() },
            Self::Delete { name } => Request::ThingDelete { name: name.clone() },
        })
    }
}

impl CertificateCommand {
    fn request(&self) -> Result<Request, Failure> {
        let set = |id: &String, status| Request::CertificateSetStatus {
            certificate: id.clone(),
            status,
        };
        Ok(match self {
            Self::Register {
                file,
                inactive,
                thing,
            } => Request::CertificateRegister {
                pem: read(file)?,
                status: if *inactive {
                    CertificateStatus::Inactive
                } else {
                    CertificateStatus::Active
                },
                thing: thing.clone(),
            },
            Self::List => Request::CertificateList,
            Self::Show { id } => Request::CertificateShow {
                certificate: id.clone(),
            },
            Self::Activate { id } => set(id, CertificateStatus::Active),
            Self::Deactivate { id } => set(id, CertificateStatus::Inactive),
            Self::Revoke { id } => set(id, CertificateStatus::Revoked),
        })
    }
}

impl PolicyCommand {
    fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Put { name, file } => Request::PolicyPut {
                name: name.clone(),
                document: read(file)?,
            },
            Self::List => Request::PolicyList,
            Self::Show { name } => Request::PolicyShow { name: name.clone() },
            Self::Delete { name } => Request::PolicyDelete { name: name.clone() },
            Self::Attach { name, target } => Request::PolicyAttach {
                name: name.clone(),
                target: target.clone(),
            },
            Self::Detach { name, target } => Request::PolicyDetach {
                name: name.clone(),
                target: target.clone(),
            },
            Self::Explain {
                target,
                action,
                resource,
                client_id,
            } => Request::PolicyExplain {
                target: target.clone(),
                question: Question::new(action, resource),
                client_id: client_id.clone(),
            },
        })
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Failed(format!("reading {}: {error}", path.display())))
}

fn attributes(pairs: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    pairs
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(Failure::Usage(format!(
                "--attribute {pair}: expected NAME=VALUE"
            ))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("thingwire").chain(line.split_whitespace()))
    }

    #[test]
    fn the_words_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn serving_is_the_default() {
        let arguments =
            parse("--mqtt 1 --https 127.0.0.1:2 --admin 3 --region x --profile aws").unwrap();
        assert!(arguments.command.is_none());
        let flags = arguments.serve.flags();
        assert_eq!(flags.mqtt, Some(ListenAddress::every_interface(1)));
        assert_eq!(flags.profile, Some(Profile::Aws));
        assert!(parse("").unwrap().serve.flags() == Flags::default());
    }

    #[test]
    fn a_plain_listener_beyond_this_machine_is_refused() {
        for address in ["0.0.0.0:1883", "192.0.2.1:1883", "[::]:1883"] {
            let error = parse(&format!("--dangerous-plain-mqtt {address}")).unwrap_err();
            assert!(
                error.to_string().contains("expected a loopback address"),
                "{error}"
            );
        }
        for address in ["127.0.0.1:1883", "[::1]:1883", "localhost:1883", "1883"] {
            assert!(
                parse(&format!("--dangerous-plain-mqtt {address}")).is_ok(),
                "{address}"
            );
        }
    }

    #[test]
    fn commands_are_orders() {
        let order = |line: &str| {
            let command = parse(line).unwrap().command.unwrap();
            match command.request() {
                Ok(request) => request,
                Err(Failure::Usage(text) | Failure::Failed(text)) => panic!("{text}"),
            }
        };
        assert_eq!(
            order("thing create pump --attribute site=3 --data x"),
            Request::ThingCreate {
                name: "pump".to_owned(),
                request_pem: None,
                policies: None,
                attributes: [("site".to_owned(), "3".to_owned())].into(),
            }
        );
        assert_eq!(
            order("--json thing create pump --no-policy"),
            Request::ThingCreate {
                name: "pump".to_owned(),
                request_pem: None,
                policies: Some(Vec::new()),
                attributes: BTreeMap::new(),
            }
        );
        assert_eq!(
            order("certificate revoke abcdef"),
            Request::CertificateSetStatus {
                certificate: "abcdef".to_owned(),
                status: CertificateStatus::Revoked,
            }
        );
        assert_eq!(
            order("policy explain pump publish a/b --client-id x"),
            Request::PolicyExplain {
                target: "pump".to_owned(),
                question: Question::new("publish", "a/b"),
                client_id: Some("x".to_owned()),
            }
        );
    }
}
