//! Decoding takes instructions in proportion to its input, whatever the input (BC-025): counted by callgrind, which does
//! not care how busy the machine is, and fitted over 1 KiB to 1 MiB. Where valgrind is missing the test says so and ends.

use std::process::Command;

const SHAPES: [&str; 11] = [
    "user-properties",
    "connect-properties",
    "will-properties",
    "subscription-identifiers",
    "filters",
    "filters-to-remove",
    "levels",
    "reason-codes",
    "topic",
    "topic-of-two-byte-characters",
    "acknowledgements",
];

const SIZES: [u32; 4] = [1 << 10, 1 << 13, 1 << 16, 1 << 20];

/// All instructions of a run, those of its start and of making its input too.
fn instructions(shape: &str, size: u32, times: u32) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env!("CARGO_BIN_EXE_codec-decode"))
        .args([shape, &size.to_string(), &times.to_string()])
        .output()
        .expect("valgrind runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said.lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("callgrind says how many instructions there were: {said}"))
}

/// Least squares on logarithms: the exponent of growth.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let x = points.iter().map(|point| point.0).sum::<f64>() / n;
    let y = points.iter().map(|point| point.1).sum::<f64>() / n;
    let top: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let bottom: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    top / bottom
}

#[test]
#[ignore = "88 runs under callgrind: run by `cargo xtask check`"]
fn instructions_grow_as_the_input_does() {
    if !Command::new("valgrind")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        println!("skipped: there is no valgrind here, which counts the instructions");
        return;
    }
    for shape in SHAPES {
        let points: Vec<(f64, f64)> = SIZES
            .iter()
            .map(|&size| {
                // Decoded eight times less decoded never: the decoding alone.
                let decoding = instructions(shape, size, 8) - instructions(shape, size, 0);
                (f64::from(size).ln(), (decoding as f64).ln())
            })
            .collect();
        let exponent = slope(&points);
        println!("{shape}: {exponent:.3}");
        assert!(exponent <= 1.05, "{shape}: {exponent:.3}");
        // And it is the decoding that was counted.
        assert!(exponent > 0.5, "{shape}: {exponent:.3}");
    }
}
