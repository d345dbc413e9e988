//! HTTP as it stands on the wire, signed or not.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::world::{REGION, Tls, World};

pub type Header = (String, String);

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and exception.
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.header("x-amzn-errortype"))
    }
}

pub fn headers(pairs: &[(&str, &str)]) -> Vec<Header> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap()
}

pub fn signer(world: &World) -> Signer {
    let key = &world.key;
    let credentials =
        Credentials::new(&*key.access_key_id, key.secret_access_key.as_str()).unwrap();
    Signer::new(
        credentials,
        Region::new(REGION).unwrap(),
        Service::iot_data(),
    )
}

/// The headers of a request, with its signature.
pub fn sign(
    signer: &Signer,
    method: &str,
    target: &str,
    mut headers: Vec<Header>,
    body: &[u8],
) -> Vec<Header> {
    let mut scratch = Scratch::new();
    let request = Request::new(method, target, &headers);
    let added: Vec<Header> = signer
        .sign(&request, Payload::Body(body), now(), &mut scratch)
        .unwrap()
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    headers.extend(added);
    headers
}

/// A connection that speaks HTTP/1.1.
pub struct Http {
    pub stream: Tls,
    host: String,
    signer: Option<Signer>,
}

impl Http {
    /// Requests are signed with the access key.
    pub async fn signed(world: &World) -> Self {
        Self {
            stream: world.tls(None, false).await,
            host: world.host(),
            signer: Some(signer(world)),
        }
    }

    /// Requests carry no signature; the connection has the certificate of the device.
    pub async fn with_certificate(world: &World) -> Self {
        Self {
            stream: world.tls(Some(b"x-amzn-http-ca"), true).await,
            host: world.host(),
            signer: None,
        }
    }

    pub async fn anonymous(world: &World) -> Self {
        Self {
            stream: world.tls(Some(b"http/1.1"), false).await,
            host: world.host(),
            signer: None,
        }
    }

    pub async fn get(&mut self, target: &str) -> Reply {
        self.request("GET", target, &[], b"").await
    }

    pub async fn post(&mut self, target: &str, body: &[u8]) -> Reply {
        self.request("POST", target, &[], body).await
    }

    pub async fn delete(&mut self, target: &str) -> Reply {
        self.request("DELETE", target, &[], b"").await
    }

    pub async fn request(
        &mut self,
        method: &str,
        target: &str,
        more: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut all = headers(&[("host", &self.host)]);
        all.extend(headers(more));
        if let Some(signer) = &self.signer {
            all = sign(signer, method, target, all, body);
        }
        self.send(method, target, &all, body).await;
        self.receive().await
    }

    pub async fn send(&mut self, method: &str, target: &str, headers: &[Header], body: &[u8]) {
        let head = head(method, target, headers, Some(body.len()));
        self.stream.write_all(head.as_bytes()).await.unwrap();
        self.stream.write_all(body).await.unwrap();
    }

    pub async fn receive(&mut self) -> Reply {
        receive(&mut self.stream).await
    }

    /// Whether the server ends the connection.
    pub async fn has_ended(&mut self) -> bool {
        has_ended(&mut self.stream).await
    }
}

pub fn head(method: &str, target: &str, headers: &[Header], length: Option<usize>) -> String {
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(length) = length {
        head.push_str(&format!("content-length: {length}\r\n"));
    }
    head.push_str("\r\n");
    head
}

pub async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> Reply {
    tokio::time::timeout(Duration::from_secs(10), async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("the connection ended"));
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers: Vec<Header> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        let length = reply.header("content-length").parse().unwrap_or(0);
        reply.body = vec![0; length];
        stream.read_exact(&mut reply.body).await.unwrap();
        reply
    })
    .await
    .expect("no answer came")
}

/// Whether the other side ends the connection, with or without a close alert.
pub async fn has_ended<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> bool {
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_u8()).await;
    matches!(read, Ok(Err(_)))
}
