//! Name constraints (RFC 5280 §4.2.1.10) of every kind, those of the anchor among them.
//!
//! webpki judges DNS names and addresses, and refuses whoever is constrained otherwise. Here the rest is judged as well, and
//! a common name where it is what the device is known by.

use alloc::string::{String, ToString as _};

use super::signature::Work;
use crate::certificate::{AttributeType, Certificate, GeneralName};
use crate::der::{Malformed, Reader, Tag};
use crate::error::{Refusal, RefusalKind};

/// How the certificate under a constraint is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a, 'c> {
    pub(crate) certificate: &'c Certificate<'a>,
    /// Whether its common name is what it is known by, and so may be no name that its alternative names could not be.
    pub(crate) known_by_common_name: bool,
}

/// Judges the names of one certificate by the constraints of one CA above it.
pub(crate) fn check(
    constraints: &[u8],
    subject: Subject<'_, '_>,
    strict: bool,
    work: &Work,
) -> Result<(), Refusal> {
    let constraints = Constraints::read(constraints, strict)
        .map_err(|Malformed(what)| Refusal::malformed(what))?;
    let certificate = subject.certificate;
    if !certificate.subject().is_empty() {
        constraints.judge(GeneralName::Directory(certificate.subject()), work)?;
    }
    for name in certificate.subject_alternative_names() {
        constraints.judge(name, work)?;
    }
    for attribute in certificate.subject().attributes() {
        // RFC 5280 §4.2.1.10: an address in the subject is constrained as one in the alternative name.
        if attribute.is_email_address() {
            let text = attribute.text().ok_or_else(violation)?;
            constraints.judge(GeneralName::Email(&text), work)?;
        }
    }
    if subject.known_by_common_name {
        for name in certificate.subject().values(AttributeType::CommonName) {
            // What it may be taken for is what it must be allowed to be.
            if name.contains("://") {
                constraints.judge(GeneralName::Uri(&name), work)?;
            } else if name.contains('@') {
                constraints.judge(GeneralName::Email(&name), work)?;
            } else if is_host_name(&name) {
                constraints.judge(GeneralName::Dns(&name), work)?;
            }
        }
    }
    Ok(())
}

fn violation() -> Refusal {
    Refusal::new(RefusalKind::NameConstraint)
}

/// Two labels or more, in whatever letters: what someone may take for a host name. One with letters that DNS has not is in no
/// subtree.
fn is_host_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && label
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '*'))
        })
}

struct Constraints<'a> {
    permitted: Option<Reader<'a>>,
    excluded: Option<Reader<'a>>,
    strict: bool,
}

impl<'a> Constraints<'a> {
    fn read(contents: &'a [u8], strict: bool) -> Result<Self, Malformed> {
        const WHAT: &str = "the name constraints";
        let mut fields = Reader::new(contents);
        let permitted = fields.optional(Tag::constructed(0), WHAT)?;
        let excluded = fields.optional(Tag::constructed(1), WHAT)?;
        // RFC 5280 §4.2.1.10: not an empty sequence.
        let empty = permitted.is_none() && excluded.is_none();
        if !fields.is_empty() || (empty && strict) {
            return Err(Malformed(WHAT));
        }
        for subtrees in [permitted, excluded].into_iter().flatten() {
            let mut subtrees = Reader::new(subtrees);
            loop {
                subtree(&mut subtrees)?.check(strict)?;
                if subtrees.is_empty() {
                    break;
                }
            }
        }
        Ok(Self {
            permitted: permitted.map(Reader::new),
            excluded: excluded.map(Reader::new),
            strict,
        })
    }

    fn judge(&self, name: GeneralName<'_>, work: &Work) -> Result<(), Refusal> {
        for base in bases(self.excluded) {
            work.compare()?;
            if base.same_kind(&name) && base.excludes(&name, self.strict).unwrap_or(true) {
                return Err(violation().found(shown(&name), "a name that is not excluded"));
            }
        }
        let mut constrained = false;
        for base in bases(self.permitted) {
            work.compare()?;
            if base.same_kind(&name) {
                constrained = true;
                if base.permits(&name, self.strict) == Some(true) {
                    return Ok(());
                }
            }
        }
        if constrained {
            Err(violation().found(shown(&name), "a name that is permitted"))
        } else {
            Ok(())
        }
    }
}

fn bases(subtrees: Option<Reader<'_>>) -> impl Iterator<Item = GeneralName<'_>> {
    let mut subtrees = subtrees.unwrap_or(Reader::new(&[]));
    core::iter::from_fn(move || {
        if subtrees.is_empty() {
            return None;
        }
        subtree(&mut subtrees).ok()
    })
}

/// RFC 5280 §4.2.1.10: the minimum is zero and so left out, and there is no maximum.
fn subtree<'a>(subtrees: &mut Reader<'a>) -> Result<GeneralName<'a>, Malformed> {
    const WHAT: &str = "the name constraints";
    let mut fields = subtrees.sequence(WHAT)?;
    let base = GeneralName::read(&mut fields, WHAT)?;
    if fields.is_empty() {
        Ok(base)
    } else {
        Err(Malformed(WHAT))
    }
}

fn shown(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::Email(text) | GeneralName::Dns(text) | GeneralName::Uri(text) => {
            text.escape_default().to_string()
        }
        GeneralName::Directory(name) => name.to_string(),
        GeneralName::IpAddress(_) => name.address().map_or_else(
            || "a malformed address".to_string(),
            |address| address.to_string(),
        ),
        _ => "a name that cannot be compared".to_string(),
    }
}

impl<'a> GeneralName<'a> {
    fn same_kind(&self, other: &GeneralName<'_>) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }

    /// Whether it has the form of a constraint.
    fn check(&self, strict: bool) -> Result<(), Malformed> {
        let valid = match self {
            // The leading period is for URIs; OpenSSL made it common for DNS names.
            Self::Dns(text) => {
                let text = if strict {
                    text
                } else {
                    text.strip_prefix('.').unwrap_or(text)
                };
                text.is_empty() || is_labels(text)
            }
            Self::Email(text) => match text.split_once('@') {
                Some((local, host)) => !local.is_empty() && is_labels(host),
                None => is_labels(text.strip_prefix('.').unwrap_or(text)),
            },
            Self::Uri(text) => is_labels(text.strip_prefix('.').unwrap_or(text)),
            Self::IpAddress(octets) => {
                let (address, mask) = octets.split_at(octets.len().div_euclid(2));
                matches!(octets.len(), 8 | 32) && address.len() == mask.len() && is_prefix(mask)
            }
            _ => true,
        };
        if valid {
            Ok(())
        } else {
            Err(Malformed("the name constraints"))
        }
    }

    /// `None` when it cannot be told.
    fn excludes(&self, name: &GeneralName<'_>, strict: bool) -> Option<bool> {
        if let (Self::Dns(constraint), GeneralName::Dns(name)) = (self, name)
            && let Some(under) = name.strip_prefix("*.")
        {
            let under = under.strip_suffix('.').unwrap_or(under);
            // A wildcard stands for whatever is excluded below it.
            return is_labels(under).then(|| {
                dns_within(under, constraint, strict)
                    || constraint
                        .len()
                        .checked_sub(under.len())
                        .and_then(|at| constraint.split_at_checked(at))
                        .is_some_and(|(label, rest)| {
                            rest.eq_ignore_ascii_case(under) && label.ends_with('.')
                        })
            });
        }
        self.permits(name, strict)
    }

    /// Whether a name is in the subtree; `None` when it cannot be told.
    fn permits(&self, name: &GeneralName<'_>, strict: bool) -> Option<bool> {
        match (self, name) {
            (Self::Dns(constraint), GeneralName::Dns(name)) => {
                let name = name.strip_prefix("*.").unwrap_or(name);
                let name = name.strip_suffix('.').unwrap_or(name);
                is_labels(name).then(|| dns_within(name, constraint, strict))
            }
            (Self::Email(constraint), GeneralName::Email(name)) => {
                let (local, host) = name.split_once('@')?;
                if local.is_empty() || !is_labels(host) {
                    return None;
                }
                Some(match constraint.split_once('@') {
                    // The local part is the mail host's to compare: byte for byte here.
                    Some((wanted, of)) => wanted == local && of.eq_ignore_ascii_case(host),
                    None => host_within(host, constraint),
                })
            }
            (Self::Uri(constraint), GeneralName::Uri(name)) => {
                Some(host_within(uri_host(name)?, constraint))
            }
            (Self::IpAddress(constraint), GeneralName::IpAddress(name)) => {
                if !matches!(name.len(), 4 | 16) {
                    return None;
                }
                if constraint.len().checked_div(2) != Some(name.len()) {
                    return Some(false);
                }
                let (address, mask) = constraint.split_at(name.len());
                Some(
                    address
                        .iter()
                        .zip(mask)
                        .zip(*name)
                        .all(|((address, mask), octet)| address & mask == octet & mask),
                )
            }
            (Self::Directory(constraint), GeneralName::Directory(name)) => {
                Some(name.is_within(constraint))
            }
            _ => None,
        }
    }
}

/// Any name made by adding labels to the left, none included.
fn dns_within(name: &str, constraint: &str, strict: bool) -> bool {
    if constraint.is_empty() {
        return true;
    }
    match constraint.strip_prefix('.') {
        Some(_) if strict => false,
        Some(_) => ends_with(name, constraint) && name.len() > constraint.len(),
        None => {
            name.eq_ignore_ascii_case(constraint)
                || (ends_with(name, constraint)
                    && name
                        .len()
                        .checked_sub(constraint.len())
                        .and_then(|at| name.get(..at))
                        .is_some_and(|before| before.ends_with('.')))
        }
    }
}

/// One host, or with a leading period those below it.
fn host_within(host: &str, constraint: &str) -> bool {
    if constraint.starts_with('.') {
        ends_with(host, constraint) && host.len() > constraint.len()
    } else {
        host.eq_ignore_ascii_case(constraint)
    }
}

fn ends_with(text: &str, end: &str) -> bool {
    text.len()
        .checked_sub(end.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Labels of letters, digits, hyphens and underscores between single periods.
pub(crate) fn is_labels(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// RFC 5280 §4.2.1.10: a URI under a constraint has an authority with a fully qualified domain name.
fn uri_host(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    if scheme.is_empty() {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    // RFC 3986 §3.2: others do not belong there, and readers of URIs differ about what they mean (a backslash ends it for some).
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@".contains(&byte);
    if !authority.bytes().all(belongs) {
        return None;
    }
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) => return None,
        None => host,
    };
    // An address is no domain name: its last label is a number.
    let last = host.rsplit('.').next()?;
    (is_labels(host) && !last.bytes().all(|byte| byte.is_ascii_digit())).then_some(host)
}

/// Ones, then zeros (RFC 4632).
fn is_prefix(mask: &[u8]) -> bool {
    let mut ended = false;
    for octet in mask {
        if ended && *octet != 0 {
            return false;
        }
        if octet
            .leading_ones()
            .saturating_add(octet.trailing_zeros().min(8))
            < 8
        {
            return false;
        }
        ended |= *octet != 0xFF;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns<'a>(text: &'a str) -> GeneralName<'a> {
        GeneralName::Dns(text)
    }

    #[test]
    fn names_in_and_out_of_a_subtree() {
        let uri = GeneralName::Uri;
        let mail = GeneralName::Email;
        let ip = |octets: &'static [u8]| GeneralName::IpAddress(octets);
        let net = ip(&[192, 0, 2, 0, 255, 255, 255, 0]);
        for (base, name, expected) in [
            (dns("example.com"), dns("EXAMPLE.com"), Some(true)),
            (dns("example.com"), dns("a.b.example.com"), Some(true)),
            (dns("example.com"), dns("notexample.com"), Some(false)),
            (dns("example.com"), dns("*.example.com"), Some(true)),
            (dns("a.example.com"), dns("*.example.com"), Some(false)),
            (dns(""), dns("anything.example"), Some(true)),
            (dns("example.com"), dns("bad name.example.com"), None),
            (mail("example.com"), mail("a@Example.com"), Some(true)),
            (mail("example.com"), mail("a@b.example.com"), Some(false)),
            (mail(".example.com"), mail("a@b.example.com"), Some(true)),
            (mail(".example.com"), mail("a@example.com"), Some(false)),
            (mail("*@example.com"), mail("*@example.com"), Some(true)),
            (mail("*@example.com"), mail("a@example.com"), Some(false)),
            (mail("A@example.com"), mail("a@example.com"), Some(false)),
            (mail("example.com"), mail("a@b@example.com"), None),
            (
                uri("acme.example"),
                uri("spiffe://acme.example/dev/1"),
                Some(true),
            ),
            (
                uri("acme.example"),
                uri("https://u:p@acme.example:8443?x"),
                Some(true),
            ),
            (
                uri("acme.example"),
                uri("spiffe://evil.example/acme.example"),
                Some(false),
            ),
            (
                uri("acme.example"),
                uri("spiffe://acme.example@evil.example/"),
                Some(false),
            ),
            (
                uri(".acme.example"),
                uri("https://a.acme.example"),
                Some(true),
            ),
            (uri("acme.example"), uri("urn:uuid:1"), None),
            (
                uri("acme.example"),
                uri("https://evil.example\\@acme.example/"),
                None,
            ),
            (uri("acme.example"), uri("https://192.0.2.1/"), None),
            (uri("acme.example"), uri("https://[2001:db8::1]/"), None),
            (net, ip(&[192, 0, 2, 9]), Some(true)),
            (net, ip(&[192, 0, 3, 9]), Some(false)),
            (net, ip(&[0; 16]), Some(false)),
            (net, ip(&[192, 0, 2, 0, 255, 255, 255, 0]), None),
            (GeneralName::Other(&[1]), GeneralName::Other(&[1]), None),
        ] {
            assert_eq!(base.permits(&name, true), expected, "{base:?} {name:?}");
        }
        assert_eq!(
            dns("bar.example.com").excludes(&dns("*.example.com"), true),
            Some(true)
        );
        assert_eq!(
            dns("bar.example.com").excludes(&dns("*.example.org"), true),
            Some(false)
        );
        assert_eq!(
            dns("example.com").excludes(&dns("*.example.com."), true),
            Some(true),
            "the root's period"
        );
        assert_eq!(
            dns("example.com").excludes(&dns("*.bad name.example.com"), true),
            None
        );
    }

    #[test]
    fn forms_of_a_constraint() {
        for (base, strict, lenient) in [
            (dns("example.com"), true, true),
            (dns(".example.com"), false, true),
            (dns("*.example.com"), false, false),
            (
                GeneralName::Email("invalid@invalid@example.com"),
                false,
                false,
            ),
            (GeneralName::Email("*@example.com"), true, true),
            (GeneralName::IpAddress(&[127, 0, 0, 1]), false, false),
            (
                GeneralName::IpAddress(&[127, 0, 0, 0, 255, 0, 255, 0]),
                false,
                false,
            ),
            (
                GeneralName::IpAddress(&[10, 0, 0, 0, 255, 128, 0, 0]),
                true,
                true,
            ),
            (
                GeneralName::IpAddress(&[0, 0, 0, 0, 0, 0, 0, 0]),
                true,
                true,
            ),
        ] {
            assert_eq!(base.check(true).is_ok(), strict, "{base:?}");
            assert_eq!(base.check(false).is_ok(), lenient, "{base:?}");
        }
    }

    #[test]
    fn what_may_be_taken_for_a_host_name() {
        assert!(is_host_name("evil.other"));
        assert!(is_host_name("*.evil.other."));
        assert!(is_host_name("b\u{fc}cher.other"));
        assert!(!is_host_name("dev1"));
        assert!(!is_host_name("device no. 1"));
    }
}
