//! Where to listen.

use core::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use super::ConfigError;

/// An address to listen at.
///
/// Written as `ADDRESS:PORT`, as `localhost:PORT`, or as a port alone, which means every interface. Port 0 lets the
/// operating system choose.
///
/// ```
/// use thingwire::config::ListenAddress;
///
/// assert_eq!("8883".parse(), Ok(ListenAddress::every_interface(8883)));
/// assert_eq!("localhost:1883".parse::<ListenAddress>()?.to_string(), "localhost:1883");
/// assert!("8883/tcp".parse::<ListenAddress>().is_err());
/// # Ok::<(), thingwire::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    EveryInterface,
    Localhost,
    Address(IpAddr),
}

impl ListenAddress {
    /// Every interface, IPv6 and IPv4.
    #[must_use]
    pub const fn every_interface(port: u16) -> Self {
        Self {
            host: Host::EveryInterface,
            port,
        }
    }

    /// The port; 0 when the operating system is to choose.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Begins to listen. `flag` is the option that an error advises to change.
    ///
    /// Clients find `localhost` under `::1` or `127.0.0.1`, so both are listened at; a machine without IPv6 has only
    /// the latter.
    ///
    /// # Errors
    ///
    /// When the address is in use, is not this machine's, or needs rights that the process has not.
    pub async fn bind(&self, flag: &str) -> io::Result<Vec<TcpListener>> {
        self.try_bind().await.map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    format!("another program listens there; stop it, or choose another with {flag}")
                }
                io::ErrorKind::PermissionDenied => format!(
                    "ports below 1024 need rights that this process has not; choose another with {flag}"
                ),
                io::ErrorKind::AddrNotAvailable => {
                    format!("it is no address of this machine; choose another with {flag}")
                }
                _ => format!("choose another with {flag}"),
            };
            io::Error::new(
                error.kind(),
                format!("cannot listen at {self}: {error}: {advice}"),
            )
        })
    }

    async fn try_bind(&self) -> io::Result<Vec<TcpListener>> {
        let at = |address: IpAddr, port| TcpListener::bind(SocketAddr::new(address, port));
        match self.host {
            Host::Address(address) => Ok(vec![at(address, self.port).await?]),
            // One socket for both families, as far as the system has IPv6.
            Host::EveryInterface => match at(Ipv6Addr::UNSPECIFIED.into(), self.port).await {
                Ok(listener) => Ok(vec![listener]),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
                Err(_) => Ok(vec![at(Ipv4Addr::UNSPECIFIED.into(), self.port).await?]),
            },
            Host::Localhost => {
                let four = at(Ipv4Addr::LOCALHOST.into(), self.port).await?;
                let port = four.local_addr()?.port();
                match at(Ipv6Addr::LOCALHOST.into(), port).await {
                    Ok(six) => Ok(vec![four, six]),
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
                    Err(_) => Ok(vec![four]),
                }
            }
        }
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: Host::Address(address.ip()),
            port: address.port(),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            Host::EveryInterface => write!(f, "port {} of every interface", self.port),
            Host::Localhost => write!(f, "localhost:{}", self.port),
            Host::Address(address) => SocketAddr::new(address, self.port).fmt(f),
        }
    }
}

impl core::str::FromStr for ListenAddress {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        if let Ok(port) = text.parse() {
            return Ok(Self::every_interface(port));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(address.into());
        }
        if let Some(port) = text.strip_prefix("localhost:")
            && let Ok(port) = port.parse()
        {
            return Ok(Self {
                host: Host::Localhost,
                port,
            });
        }
        Err(ConfigError::new(format!(
            "invalid address `{text}`: expected `ADDRESS:PORT`, `localhost:PORT` or a port"
        )))
    }
}

/// An address that only this machine can reach.
///
/// ```
/// use thingwire::config::LoopbackAddress;
///
/// assert!("127.0.0.1:1883".parse::<LoopbackAddress>().is_ok());
/// let error = "0.0.0.0:1883".parse::<LoopbackAddress>().unwrap_err();
/// assert!(error.to_string().contains("loopback"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopbackAddress(SocketAddr);

impl LoopbackAddress {
    /// The address.
    #[must_use]
    pub const fn get(self) -> SocketAddr {
        self.0
    }
}

impl TryFrom<SocketAddr> for LoopbackAddress {
    type Error = ConfigError;

    fn try_from(address: SocketAddr) -> Result<Self, ConfigError> {
        if address.ip().is_loopback() {
            return Ok(Self(address));
        }
        Err(ConfigError::new(format!(
            "refused to serve MQTT without TLS at {address}: expected a loopback address, as in `127.0.0.1:1883`"
        )))
    }
}

impl fmt::Display for LoopbackAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::str::FromStr for LoopbackAddress {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let port = |text: &str| text.parse::<u16>().ok();
        if let Some(port) = port(text).or_else(|| port(text.strip_prefix("localhost:")?)) {
            return Ok(Self(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)));
        }
        let address: SocketAddr = text.parse().map_err(|_| {
            ConfigError::new(format!(
                "invalid address `{text}`: expected `127.0.0.1:PORT`, `[::1]:PORT` or a port"
            ))
        })?;
        address.try_into()
    }
}
