use core::net::IpAddr;

/// A range of addresses: `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits: u32 = match bits {
            None => all,
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok().filter(|bits| *bits <= all)?
            }
            Some(_) => return None,
        };
        // An IPv4 address is asked about as one, however it came; and so must a range of them be.
        match address {
            IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => {
                bits.checked_sub(96).map(|bits| Self {
                    address: address.to_canonical(),
                    bits,
                })
            }
            IpAddr::V4(_) | IpAddr::V6(_) => Some(Self { address, bits }),
        }
    }

    /// Whether the address lies in the range: its first bits are those of the range. An IPv4 address in IPv6 is IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let shifted = |value: u128, all: u32| {
            value
                .checked_shr(all.saturating_sub(self.bits))
                .unwrap_or_default()
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                let [one, other] = [one, other].map(|address| u128::from(u32::from(address)));
                shifted(one, 32) == shifted(other, 32)
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                shifted(u128::from(one), 128) == shifted(u128::from(other), 128)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let rows = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            // Host bits do not count.
            ("192.0.2.77/24", "192.0.2.1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "255.1.2.3", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("::/0", "::ffff:192.0.2.9", false),
            ("::ffff:192.0.2.0/120", "192.0.2.9", true),
            ("::ffff:192.0.2.0/120", "::ffff:192.0.2.9", true),
            ("::ffff:192.0.2.0/120", "192.0.3.9", false),
            ("::ffff:192.0.2.7", "192.0.2.7", true),
            ("::ffff:0:0/96", "203.0.113.1", true),
            ("::ffff:0:0/96", "2001:db8::1", false),
        ];
        for (network, address, contained) in rows {
            let parsed = Network::parse(network).unwrap();
            assert_eq!(
                parsed.contains(address.parse().unwrap()),
                contained,
                "{network} {address}"
            );
        }
    }

    #[test]
    fn ranges_that_are_none() {
        for bad in [
            "",
            "/",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2/24",
            "::/129",
            // Neither IPv4 nor IPv6.
            "::ffff:192.0.2.0/95",
            "192.0.2.0/+8",
            "192.0.2.0/24/1",
            "*",
        ] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
