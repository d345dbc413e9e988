//! Prints a stream of MQTT packets as a tree.
//!
//! `cargo run --example dump -- FILE` reads raw bytes, or hexadecimal digits if the file holds nothing else; without FILE it
//! reads standard input. The stream may be one direction of a connection, or both mixed, but begins with CONNECT; with
//! `--version 3.1`, `3.1.1` or `5.0` it may begin anywhere.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what this program is for"
)]

use std::io::Read as _;
use std::process::ExitCode;

use mqtt_codec::{Decoder, Encoder, Status, Version};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dump: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn core::error::Error>> {
    let mut decoder = Decoder::sniffing();
    let mut input = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--version" {
            let wanted = arguments.next().unwrap_or_default();
            let version = Version::ALL
                .into_iter()
                .find(|version| version.to_string() == wanted);
            decoder =
                Decoder::any(version.ok_or_else(|| format!("there is no version `{wanted}`"))?);
        } else {
            input = Some(argument);
        }
    }
    let mut bytes = Vec::new();
    match input {
        Some(file) => bytes = std::fs::read(file)?,
        None => drop(std::io::stdin().read_to_end(&mut bytes)?),
    }
    let bytes = from_hex(&bytes).unwrap_or(bytes);
    dump(
        decoder.with_max_packet_size(Encoder::MAX_PACKET_SIZE),
        &bytes,
    )
}

fn dump(mut decoder: Decoder, bytes: &[u8]) -> Result<(), Box<dyn core::error::Error>> {
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
                return Err(
                    format!("at byte {offset}: the stream ends, {needed} bytes too early").into(),
                );
            }
            Err(error) => {
                return Err(
                    format!("at byte {offset}: {error}; answer: {:?}", error.reaction()).into(),
                );
            }
        }
    }
    Ok(())
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
