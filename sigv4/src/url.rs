//! The parts of a URL that presigning needs.

use crate::error::{SignError, SignErrorKind};

/// `scheme://authority` and the target after it, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    pub(crate) scheme: &'a str,
    host: &'a str,
    /// Without the port that the scheme implies.
    port: Option<&'a str>,
    /// Path and query, possibly empty; never a fragment.
    pub(crate) target: &'a str,
}

const fn error(what: &'static str) -> SignError {
    SignError::new(SignErrorKind::Url, what)
}

impl<'a> Url<'a> {
    /// Reads an absolute URL of one of the `schemes`, which come with their default ports.
    pub(crate) fn parse(url: &'a str, schemes: &[(&'static str, u16)]) -> Result<Self, SignError> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or(error("the URL has no scheme"))?;
        let &(scheme, default_port) = schemes
            .iter()
            .find(|(name, _)| scheme.eq_ignore_ascii_case(name))
            .ok_or(error(
                "the scheme of the URL is not one that can be presigned here",
            ))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(end).unwrap_or((rest, ""));
        // A fragment is never sent.
        let target = target.split_once('#').map_or(target, |(sent, _)| sent);
        if authority.contains('@') {
            return Err(error(
                "the URL holds user information, expected host and port alone",
            ));
        }
        let (host, port) = split_port(authority)?;
        let port = port.filter(|port| port.parse() != Ok(default_port));
        Ok(Self {
            scheme,
            host,
            port,
            target,
        })
    }

    /// Reads `host` or `host:port`.
    pub(crate) fn of_endpoint(
        endpoint: &'a str,
        scheme: &'static str,
        default_port: u16,
    ) -> Result<Self, SignError> {
        let (host, port) = split_port(endpoint)?;
        Ok(Self {
            scheme,
            host,
            port: port.filter(|port| port.parse() != Ok(default_port)),
            target: "",
        })
    }

    /// How long the part before the target is, at most.
    pub(crate) fn room(&self) -> usize {
        let port = self.port.map_or(0, str::len);
        self.scheme
            .len()
            .saturating_add(self.host.len())
            .saturating_add(port)
            .saturating_add(4)
    }

    /// Appends the authority as clients send it in `Host`: lower-case, without the port that the scheme implies.
    pub(crate) fn push_authority(&self, out: &mut Vec<u8>) {
        out.extend(self.host.bytes().map(|byte| byte.to_ascii_lowercase()));
        if let Some(port) = self.port {
            out.push(b':');
            out.extend_from_slice(port.as_bytes());
        }
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), SignError> {
    const HOST: SignError = error(
        "the host of the URL has characters that no host name has, expected ASCII (an IDN in its A-label form)",
    );
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(HOST)?;
        if !address
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
            || address.is_empty()
        {
            return Err(HOST);
        }
        let end = authority.len().saturating_sub(after.len());
        (authority.get(..end).ok_or(HOST)?, after)
    } else {
        let end = authority.find(':').unwrap_or(authority.len());
        let (host, after) = authority.split_at_checked(end).ok_or(HOST)?;
        if host.is_empty()
            || !host.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
            })
        {
            return Err(HOST);
        }
        (host, after)
    };
    match port.strip_prefix(':') {
        // RFC 3986 §3.2.3: an empty port is the default one.
        None if port.is_empty() => Ok((host, None)),
        Some("") => Ok((host, None)),
        // Clients rewrite other spellings of a number, and then send another `Host` than was signed.
        Some(digits)
            if digits.parse::<u16>().is_ok_and(|_| {
                digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
            }) =>
        {
            Ok((host, Some(digits)))
        }
        _ => Err(error(
            "the port of the URL is not a number from 1 to 65535 without leading zeros",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMES: &[(&str, u16)] = &[("wss", 443), ("ws", 80)];

    fn parsed(url: &str) -> Result<(String, &str), SignError> {
        let url = Url::parse(url, SCHEMES)?;
        let mut authority = Vec::new();
        url.push_authority(&mut authority);
        Ok((String::from_utf8(authority).unwrap(), url.target))
    }

    #[test]
    fn authority_and_target() {
        for (url, authority, target) in [
            ("wss://H.Example.com", "h.example.com", ""),
            ("WSS://h:443/mqtt", "h", "/mqtt"),
            ("ws://h:443/mqtt", "h:443", "/mqtt"),
            ("ws://h:80?x=1", "h", "?x=1"),
            ("wss://h:/x", "h", "/x"),
            ("wss://h:8443/a?b#c", "h:8443", "/a?b"),
            ("ws://[::1]:8083/mqtt", "[::1]:8083", "/mqtt"),
            ("wss://[2001:DB8::1]/", "[2001:db8::1]", "/"),
            ("ws://127.0.0.1:9001/", "127.0.0.1:9001", "/"),
        ] {
            assert_eq!(parsed(url), Ok((authority.to_owned(), target)), "{url}");
        }
    }

    #[test]
    fn what_is_refused() {
        for url in [
            "",
            "h",
            "h/mqtt",
            "https://h/",
            "://h",
            "wss://",
            "wss:///x",
            "wss://u:p@h/",
            "wss://h:x/",
            "wss://h:0443/",
            "wss://h:65536/",
            "wss://h:+1/",
            "wss://h:0/",
            "wss://[::1",
            "wss://[]/",
            "wss://[::1]x/",
            "wss://h h/",
            "wss://m\u{fc}nchen/",
            "wss://h%41/",
            "wss://h\n/",
            "wss://a:1:2/",
        ] {
            assert_eq!(
                parsed(url).map_err(|error| error.kind()),
                Err(SignErrorKind::Url),
                "{url}"
            );
        }
    }
}
