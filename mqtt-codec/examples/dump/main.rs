//! Prints MQTT packets as a tree.
//!
//! `cargo run --example dump -- [--version V] [--port N] [FILE]` reads, from FILE or standard input,
//!
//! * a capture in the classic pcap format, as `tcpdump -w FILE port 1883` writes it: every connection of the port, first
//!   what its client sent and then what its server sent; see `pcap.rs` for what it can take apart and what not;
//! * or the bytes of a stream, also as hexadecimal digits: one direction of a connection, or both mixed.
//!
//! A stream begins with CONNECT, which says the version; with `--version 3.1`, `3.1.1` or `5.0` it may begin anywhere.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program that prints, on a system that has everything"
)]

mod pcap;

use std::io::Read as _;
use std::process::ExitCode;

use mqtt_codec::{Decoder, Encoder, Status, Version};

type Error = Box<dyn core::error::Error>;

/// What the command line asks for.
struct Options {
    version: Option<Version>,
    port: u16,
    file: Option<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dump: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Error> {
    let mut options = Options {
        version: None,
        port: 1883,
        file: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--version" => {
                let wanted = arguments.next().unwrap_or_default();
                let found = Version::ALL
                    .into_iter()
                    .find(|version| version.to_string() == wanted);
                options.version =
                    Some(found.ok_or_else(|| format!("there is no version `{wanted}`"))?);
            }
            "--port" => options.port = arguments.next().unwrap_or_default().parse()?,
            _ => options.file = Some(argument),
        }
    }
    Ok(options)
}

fn run() -> Result<(), Error> {
    let options = options()?;
    let mut bytes = Vec::new();
    match &options.file {
        Some(file) => bytes = std::fs::read(file)?,
        None => drop(std::io::stdin().read_to_end(&mut bytes)?),
    }
    if pcap::is_capture(&bytes) {
        return dump_capture(&bytes, &options);
    }
    let bytes = from_hex(&bytes).unwrap_or(bytes);
    let decoder = options.version.map_or_else(Decoder::sniffing, Decoder::any);
    dump(decoder, &bytes).map(drop)
}

/// Every connection of a capture. What one says wrong is no reason not to print the next.
fn dump_capture(bytes: &[u8], options: &Options) -> Result<(), Error> {
    let connections = pcap::connections(bytes, options.port)?;
    if connections.is_empty() {
        return Err(format!("no connection of port {} in this capture", options.port).into());
    }
    for connection in connections {
        println!("{} to {}", connection.client, connection.server);
        let decoder = match options.version {
            Some(version) => Decoder::any(version),
            None => Decoder::server(),
        };
        let version = report(dump(decoder, &connection.sent.bytes)).or(options.version);
        note(&connection.sent);
        println!("{} to {}", connection.server, connection.client);
        match version {
            Some(version) => {
                report(dump(Decoder::any(version), &connection.received.bytes));
            }
            None => println!(
                "    of an unknown version: the capture begins after CONNECT (--version says it)"
            ),
        }
        note(&connection.received);
    }
    Ok(())
}

fn report(result: Result<Option<Version>, Error>) -> Option<Version> {
    result.unwrap_or_else(|error| {
        println!("    {error}");
        None
    })
}

fn note(stream: &pcap::Stream) {
    if stream.lost > 0 {
        println!(
            "    {} bytes after a gap in the capture are not shown",
            stream.lost
        );
    }
}

/// Prints a stream and gives its version.
fn dump(decoder: Decoder, bytes: &[u8]) -> Result<Option<Version>, Error> {
    let mut decoder = decoder.with_max_packet_size(Encoder::MAX_PACKET_SIZE);
    let mut rest = bytes;
    while !rest.is_empty() {
        let offset = bytes.len().saturating_sub(rest.len());
        match decoder.decode(rest) {
            Ok(Status::Complete((packet, used))) => {
                let version = decoder
                    .version()
                    .map(|version| version.to_string())
                    .unwrap_or_default();
                println!(
                    "{offset:>8}  {} ({used} bytes, MQTT {version})",
                    packet.packet_type()
                );
                for line in format!("{packet:#?}").lines().skip(1) {
                    println!("          {line}");
                }
                rest = rest.get(used..).unwrap_or_default();
            }
            Ok(Status::Incomplete { needed }) => {
                let text = format!("at byte {offset}: the stream ends, {needed} bytes too early");
                return Err(text.into());
            }
            Err(error) => {
                let answer = error.reaction();
                return Err(format!("at byte {offset}: {error}; answer: {answer:?}").into());
            }
        }
    }
    Ok(decoder.version())
}

/// The bytes that hexadecimal digits stand for, if there is nothing but digits and white space.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| {
            char::from(*byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let pairs = digits?;
    if pairs.is_empty() || pairs.len() % 2 != 0 {
        return None;
    }
    pairs
        .chunks_exact(2)
        .map(|pair| Some((pair.first()? << 4) | pair.last()?))
        .collect()
}
