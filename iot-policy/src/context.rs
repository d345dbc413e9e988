use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::key::{AlternativeName, Key, NameAttribute, Party, Pick};
use crate::scope::Scope;
use crate::template::Resolved;

/// How many values of a certificate's attribute count; the guide: "limited to five items".
pub(crate) const MAX_VALUES: usize = 5;
/// The longest value of a certificate that is substituted, in characters.
const MAX_CHARACTERS: usize = 1024;

/// What is known of a connection after authentication: what condition keys ask for and variables stand for.
///
/// Whoever fills it in vouches for it. Nothing here may come from what the client merely says, but for the client id,
/// the domain name of TLS and the CONNECT packet's flags, which are the client's own.
///
/// An empty text is no value: its key is absent, and its variable has nothing to stand for.
///
/// ```
/// use iot_policy::{Certificate, ConnectionContext, NameAttribute, Thing, Transport};
///
/// let context = ConnectionContext::new("sensor-7", Transport::Mqtt)
///     .with_source_ip("192.0.2.10".parse()?)
///     .with_thing(Thing::new("sensor-7").with_attribute("room", "kitchen").attached())
///     .with_certificate(Certificate::new("c0ffee").with_subject(NameAttribute::CommonName, "sensor-7"))
///     .with_persistent_connect();
/// assert_eq!(context.client_id(), Some("sensor-7"));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ConnectionContext {
    #[cfg_attr(feature = "serde", serde(default))]
    client_id: Option<String>,
    transport: Transport,
    #[cfg_attr(feature = "serde", serde(default))]
    source_ip: Option<IpAddr>,
    #[cfg_attr(feature = "serde", serde(default))]
    domain_name: Option<String>,
    #[cfg_attr(feature = "serde", serde(default))]
    thing: Option<Thing>,
    #[cfg_attr(feature = "serde", serde(default))]
    certificate: Option<Certificate>,
    #[cfg_attr(feature = "serde", serde(default))]
    connect_attributes: Vec<String>,
    #[cfg_attr(feature = "serde", serde(default))]
    last_will_topic: Option<String>,
    #[cfg_attr(feature = "serde", serde(default))]
    vpc: Option<VpcEndpoint>,
    #[cfg_attr(feature = "serde", serde(default))]
    cognito_identity: Option<CognitoIdentity>,
}

/// How the client speaks: the thing's variables exist only over MQTT, alone or over WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Transport {
    /// MQTT over TLS.
    Mqtt,
    /// MQTT over WebSocket.
    WebSocket,
    /// HTTPS requests.
    Http,
}

/// A thing of the registry that may be the one that connects.
///
/// Its variables are resolved only if its name is the client id (AWS IoT developer guide, "Thing policy variables").
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Thing {
    name: String,
    #[cfg_attr(feature = "serde", serde(default, rename = "type"))]
    thing_type: Option<String>,
    #[cfg_attr(feature = "serde", serde(default))]
    attributes: BTreeMap<String, String>,
    #[cfg_attr(feature = "serde", serde(default))]
    attached: bool,
}

/// What a client certificate says, as text without escapes.
///
/// ```
/// use std::sync::Arc;
/// use iot_policy::{
///     Certificate, ConnectionContext, NameAttribute, Policy, PolicySet, Request, Scope, Transport,
/// };
///
/// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Publish",
///     "Resource": "arn:aws:iot:us-east-1:123456789012:topic/${iot:Certificate.Subject.OrganizationalUnit.1}/*"}}"#)?;
/// let set = Arc::new(PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012")));
///
/// // `.1` is the second value.
/// let certificate = Certificate::new("c0ffee")
///     .with_subject(NameAttribute::OrganizationalUnit, "plant")
///     .with_subject(NameAttribute::OrganizationalUnit, "line-7");
/// let context = ConnectionContext::new("a", Transport::Mqtt).with_certificate(certificate);
/// let request = Request::Publish { topic: "line-7/temp", retain: false };
/// assert!(set.bind(&context).decide(&request, 1_795_000_000).is_allowed());
/// # Ok::<(), iot_policy::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "camelCase", deny_unknown_fields, default)
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Certificate {
    id: Option<String>,
    serial_number: Option<String>,
    subject: BTreeMap<NameAttribute, Vec<String>>,
    issuer: BTreeMap<NameAttribute, Vec<String>>,
    subject_alternative_names: BTreeMap<AlternativeName, Vec<String>>,
    issuer_alternative_names: BTreeMap<AlternativeName, Vec<String>>,
}

/// The VPC endpoint through which a connection came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct VpcEndpoint {
    /// `aws:SourceVpc`
    pub vpc: String,
    /// `aws:SourceVpce`
    pub endpoint: String,
    /// `aws:VpcSourceIp`
    pub source_ip: IpAddr,
}

/// An authenticated Amazon Cognito identity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct CognitoIdentity {
    /// `cognito-identity.amazonaws.com:sub`, the identity
    pub sub: String,
    /// `cognito-identity.amazonaws.com:aud`, the identity pool
    pub aud: String,
    /// `cognito-identity.amazonaws.com:amr`, how it was authenticated
    #[cfg_attr(feature = "serde", serde(default))]
    pub amr: Vec<String>,
}

impl ConnectionContext {
    /// `iot:ConnectAttributes` of a connection with a persistent session.
    pub const PERSISTENT_CONNECT: &'static str = "PersistentConnect";
    /// `iot:ConnectAttributes` of a connection with a last will.
    pub const LAST_WILL: &'static str = "LastWill";

    /// A connection of which nothing else is known. An empty client id is none.
    pub fn new(client_id: impl Into<String>, transport: Transport) -> Self {
        Self {
            client_id: Some(client_id.into()),
            ..Self::without_client_id(transport)
        }
    }

    /// A connection, or a request over HTTP, that has no client id: `${iot:ClientId}` is unresolved.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use iot_policy::{ConnectionContext, Policy, PolicySet, Request, Scope, Transport};
    ///
    /// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    ///     "Action": "iot:Publish",
    ///     "Resource": "arn:aws:iot:us-east-1:123456789012:topic/dt/${iot:ClientId}*"}}"#)?;
    /// let set = Arc::new(PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012")));
    ///
    /// let bound = set.bind(&ConnectionContext::without_client_id(Transport::Http));
    /// let request = Request::Publish { topic: "dt/somebody", retain: false };
    /// assert!(!bound.decide(&request, 1_795_000_000).is_allowed());
    /// # Ok::<(), iot_policy::PolicyError>(())
    /// ```
    pub fn without_client_id(transport: Transport) -> Self {
        Self {
            client_id: None,
            transport,
            source_ip: None,
            domain_name: None,
            thing: None,
            certificate: None,
            connect_attributes: Vec::new(),
            last_will_topic: None,
            vpc: None,
            cognito_identity: None,
        }
    }

    /// `iot:ClientId`, if there is one.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref().filter(|id| !id.is_empty())
    }

    /// `aws:SourceIp`: the address of the socket's other end. An IPv4 address in IPv6 counts as IPv4.
    #[must_use]
    pub fn with_source_ip(mut self, address: IpAddr) -> Self {
        self.source_ip = Some(address);
        self
    }

    /// `iot:DomainName`: the server name that TLS was asked for.
    #[must_use]
    pub fn with_domain_name(mut self, name: impl Into<String>) -> Self {
        self.domain_name = Some(name.into());
        self
    }

    /// The thing whose name is the client id, if the registry has it.
    #[must_use]
    pub fn with_thing(mut self, thing: Thing) -> Self {
        self.thing = Some(thing);
        self
    }

    /// The certificate with which the client authenticated itself.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Adds `PersistentConnect` to `iot:ConnectAttributes`.
    #[must_use]
    pub fn with_persistent_connect(self) -> Self {
        self.with_connect_attribute(Self::PERSISTENT_CONNECT)
    }

    /// Adds `LastWill` to `iot:ConnectAttributes`, and sets `iot:LastWillTopic` to the ARN of this topic.
    #[must_use]
    pub fn with_last_will(self, topic: impl Into<String>) -> Self {
        let mut context = self.with_connect_attribute(Self::LAST_WILL);
        context.last_will_topic = Some(topic.into());
        context
    }

    /// Adds to `iot:ConnectAttributes`, once.
    #[must_use]
    pub fn with_connect_attribute(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !self.connect_attributes.contains(&name) {
            self.connect_attributes.push(name);
        }
        self
    }

    /// Sets `iot:LastWillTopic` alone.
    #[must_use]
    pub fn with_last_will_topic(mut self, topic: impl Into<String>) -> Self {
        self.last_will_topic = Some(topic.into());
        self
    }

    /// The endpoint of a VPC through which the connection came.
    #[must_use]
    pub fn with_vpc_endpoint(mut self, vpc: VpcEndpoint) -> Self {
        self.vpc = Some(vpc);
        self
    }

    /// The Amazon Cognito identity that authenticated itself.
    #[must_use]
    pub fn with_cognito_identity(mut self, identity: CognitoIdentity) -> Self {
        self.cognito_identity = Some(identity);
        self
    }

    /// The thing, if its variables exist on this connection.
    fn connected_thing(&self) -> Option<&Thing> {
        match self.transport {
            Transport::Mqtt | Transport::WebSocket => self
                .thing
                .as_ref()
                .filter(|thing| self.client_id() == Some(&*thing.name)),
            Transport::Http => None,
        }
    }

    /// The values of a key; none where it is absent. The time is not of the connection, and absent here.
    pub(crate) fn values<'a>(&'a self, key: &Key, scope: &Scope) -> Vec<Cow<'a, str>> {
        // Nothing stands for nothing: put into a pattern, an empty text would widen it to the texts of everybody.
        let one = |value: Option<&'a str>| {
            let value = value.filter(|text| !text.is_empty());
            value.map(Cow::Borrowed).into_iter().collect()
        };
        let address = |value: Option<IpAddr>| {
            let text = value.map(|address| Cow::Owned(address.to_canonical().to_string()));
            text.into_iter().collect()
        };
        let all = |list: &'a [String]| list.iter().map(|text| Cow::Borrowed(&**text)).collect();
        let thing = self.connected_thing();
        let certificate = self.certificate.as_ref();
        let cognito = self.cognito_identity.as_ref();
        match key {
            Key::ClientId => one(self.client_id()),
            Key::SourceIp => address(self.source_ip),
            Key::DomainName => one(self.domain_name.as_deref()),
            Key::SourceVpc => one(self.vpc.as_ref().map(|vpc| &*vpc.vpc)),
            Key::SourceVpce => one(self.vpc.as_ref().map(|vpc| &*vpc.endpoint)),
            Key::VpcSourceIp => address(self.vpc.as_ref().map(|vpc| vpc.source_ip)),
            Key::CertificateId => one(certificate.and_then(|one| one.id.as_deref())),
            Key::SerialNumber => one(certificate.and_then(|one| one.serial_number.as_deref())),
            Key::AvailableKeys => certificate.map_or_else(Vec::new, Certificate::available_keys),
            Key::Name(party, attribute, pick) => certificate.map_or_else(Vec::new, |certificate| {
                texts(certificate.names(*party).get(attribute), *pick)
            }),
            Key::AlternativeName(party, kind, pick) => certificate
                .map_or_else(Vec::new, |certificate| {
                    texts(certificate.alternative_names(*party).get(kind), *pick)
                }),
            Key::ThingName => one(thing.map(|thing| &*thing.name)),
            Key::ThingTypeName => one(thing.and_then(|thing| thing.thing_type.as_deref())),
            Key::ThingAttribute(name) => {
                one(thing.and_then(|thing| thing.attributes.get(&**name).map(|text| &**text)))
            }
            Key::IsAttached => {
                one(thing.map(|thing| if thing.attached { "true" } else { "false" }))
            }
            Key::ConnectAttributes => all(&self.connect_attributes),
            Key::LastWillTopic => {
                let arn = self.last_will_topic.as_ref();
                arn.map(|topic| Cow::Owned(scope.arn_of_topic(topic)))
                    .into_iter()
                    .collect()
            }
            Key::CognitoSub => one(cognito.map(|identity| &*identity.sub)),
            Key::CognitoAud => one(cognito.map(|identity| &*identity.aud)),
            Key::CognitoAmr => cognito.map_or_else(Vec::new, |identity| all(&identity.amr)),
            Key::CurrentTime | Key::EpochTime | Key::Foreign(_) => Vec::new(),
        }
    }

    /// What a variable stands for.
    pub(crate) fn resolve<'a>(
        &'a self,
        key: &Key,
        scope: &Scope,
        substitution: Substitution,
    ) -> Resolved<'a> {
        if key.is_never_resolved() {
            return Resolved::Absent;
        }
        let Some(value) = self.values(key, scope).into_iter().next() else {
            return Resolved::Absent;
        };
        let of_certificate = match key {
            Key::CertificateId | Key::SerialNumber | Key::Name(..) | Key::AlternativeName(..) => {
                true
            }
            Key::ClientId
            | Key::SourceIp
            | Key::DomainName
            | Key::SourceVpc
            | Key::SourceVpce
            | Key::VpcSourceIp
            | Key::CurrentTime
            | Key::EpochTime
            | Key::AvailableKeys
            | Key::ThingName
            | Key::ThingTypeName
            | Key::ThingAttribute(_)
            | Key::IsAttached
            | Key::ConnectAttributes
            | Key::LastWillTopic
            | Key::CognitoSub
            | Key::CognitoAud
            | Key::CognitoAmr
            | Key::Foreign(_) => false,
        };
        let restricted = match substitution {
            Substitution::AwsIot => of_certificate,
            Substitution::Strict => true,
        };
        let wild = value.contains(['*', '$', '+', '?', '#']);
        let unusable = restricted && wild
            || of_certificate && value.chars().nth(MAX_CHARACTERS).is_some()
            || substitution == Substitution::Strict && value.contains('\0');
        if unusable {
            Resolved::Unusable
        } else {
            Resolved::Value(value)
        }
    }
}

impl Thing {
    /// A thing of this name, without type and attributes, and not attached to the certificate.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            thing_type: None,
            attributes: BTreeMap::new(),
            attached: false,
        }
    }

    /// `iot:Connection.Thing.ThingTypeName`
    #[must_use]
    pub fn with_type(mut self, name: impl Into<String>) -> Self {
        self.thing_type = Some(name.into());
        self
    }

    /// `iot:Connection.Thing.Attributes[name]`
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// `iot:Connection.Thing.IsAttached`: the certificate or identity is attached to the thing.
    #[must_use]
    pub fn attached(mut self) -> Self {
        self.attached = true;
        self
    }
}

impl Certificate {
    /// A certificate of this id (`iot:CertificateId`).
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..Self::default()
        }
    }

    /// `iot:Certificate.SerialNumber`
    #[must_use]
    pub fn with_serial_number(mut self, number: impl Into<String>) -> Self {
        self.serial_number = Some(number.into());
        self
    }

    /// Adds a value of `iot:Certificate.Subject.…`, in the order of the certificate.
    #[must_use]
    pub fn with_subject(mut self, attribute: NameAttribute, value: impl Into<String>) -> Self {
        self.subject
            .entry(attribute)
            .or_default()
            .push(value.into());
        self
    }

    /// Adds a value of `iot:Certificate.Issuer.…`.
    #[must_use]
    pub fn with_issuer(mut self, attribute: NameAttribute, value: impl Into<String>) -> Self {
        self.issuer.entry(attribute).or_default().push(value.into());
        self
    }

    /// Adds a value of `iot:Certificate.Subject.AlternativeName.…`.
    #[must_use]
    pub fn with_subject_alternative_name(
        mut self,
        kind: AlternativeName,
        value: impl Into<String>,
    ) -> Self {
        let list = self.subject_alternative_names.entry(kind).or_default();
        list.push(value.into());
        self
    }

    /// Adds a value of `iot:Certificate.Issuer.AlternativeName.…`.
    #[must_use]
    pub fn with_issuer_alternative_name(
        mut self,
        kind: AlternativeName,
        value: impl Into<String>,
    ) -> Self {
        let list = self.issuer_alternative_names.entry(kind).or_default();
        list.push(value.into());
        self
    }

    fn names(&self, party: Party) -> &BTreeMap<NameAttribute, Vec<String>> {
        match party {
            Party::Issuer => &self.issuer,
            Party::Subject => &self.subject,
        }
    }

    fn alternative_names(&self, party: Party) -> &BTreeMap<AlternativeName, Vec<String>> {
        match party {
            Party::Issuer => &self.issuer_alternative_names,
            Party::Subject => &self.subject_alternative_names,
        }
    }

    /// The names of the variables that have values.
    fn available_keys(&self) -> Vec<Cow<'_, str>> {
        let mut keys: Vec<Cow<'_, str>> = Vec::new();
        let mut add = |key: Key| keys.push(Cow::Owned(key.to_string()));
        for party in [Party::Issuer, Party::Subject] {
            for (attribute, values) in self.names(party) {
                if values.first().is_some_and(|value| !value.is_empty()) {
                    add(Key::Name(party, *attribute, Pick::One(0)));
                }
            }
            for (kind, values) in self.alternative_names(party) {
                if values.first().is_some_and(|value| !value.is_empty()) {
                    add(Key::AlternativeName(party, *kind, Pick::One(0)));
                }
            }
        }
        if self
            .serial_number
            .as_ref()
            .is_some_and(|number| !number.is_empty())
        {
            add(Key::SerialNumber);
        }
        keys
    }
}

/// The values of a certificate's names that a key asks for.
fn texts(list: Option<&Vec<String>>, pick: Pick) -> Vec<Cow<'_, str>> {
    let values = list.into_iter().flatten().take(MAX_VALUES);
    let chosen: Vec<&String> = match pick {
        Pick::One(index) => {
            let one = values.skip(index).take(1);
            one.filter(|value| !value.is_empty()).collect()
        }
        Pick::List => values.collect(),
    };
    chosen.into_iter().map(|value| escape(value)).collect()
}

/// A value of a name as policies spell it: special characters have a backslash before them.
fn escape(value: &str) -> Cow<'_, str> {
    const SPECIAL: [char; 8] = [',', '"', '\\', '+', '=', '<', '>', ';'];
    if !value.contains(SPECIAL) {
        return Cow::Borrowed(value);
    }
    let mut escaped = String::with_capacity(value.len().saturating_add(4));
    for character in value.chars() {
        if SPECIAL.contains(&character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Cow::Owned(escaped)
}

/// Which values of variables are put into a policy's texts.
///
/// ```
/// use iot_policy::Substitution;
///
/// assert_eq!(Substitution::default(), Substitution::AwsIot);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Substitution {
    /// As AWS IoT does it: values of certificates that hold `*`, `?`, `+`, `#` or `$`, or more than 1,024 characters,
    /// are not substituted; others are, as literal text. A client that may connect as `+` may then subscribe to
    /// `my/+/topic` where a policy grants `topicfilter/my/${iot:ClientId}/topic` (developer guide, "Basic AWS IoT
    /// Core policy variables").
    #[default]
    AwsIot,
    /// No value that holds `*`, `?`, `+`, `#`, `$` or U+0000 is substituted, whatever it comes from. A value may still
    /// hold `/`, and so reach into the levels below.
    Strict,
}
