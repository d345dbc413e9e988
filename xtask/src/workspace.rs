//! What cargo says about the workspace.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{cargo, output};

/// A crate that is published.
pub struct Published {
    pub name: String,
    pub folder: PathBuf,
    pub features: Vec<String>,
    /// `#![no_std]` unless its `std` feature is on.
    pub no_std: bool,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
}

/// The folder that cargo builds into.
pub fn target() -> Result<PathBuf, String> {
    let metadata = metadata()?;
    let folder = metadata["target_directory"].as_str();
    Ok(folder
        .ok_or("cargo metadata names no target folder")?
        .into())
}

fn metadata() -> Result<Value, String> {
    let text = output(&mut cargo([
        "metadata",
        "--no-deps",
        "--format-version=1",
        "--locked",
    ]))?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// The published crates in alphabetical order.
pub fn published() -> Result<Vec<Published>, String> {
    let metadata = metadata()?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("cargo metadata lists no packages")?;
    let mut crates = Vec::new();
    for package in packages {
        // `publish = false` appears as an empty list of registries.
        if package["publish"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        let text = |key: &str| {
            package[key]
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| format!("cargo metadata: a package has no {key}"))
        };
        let manifest = PathBuf::from(text("manifest_path")?);
        let folder = manifest
            .parent()
            .ok_or("a manifest has a folder")?
            .to_owned();
        let lib = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
        crates.push(Published {
            name: text("name")?,
            folder,
            features: package["features"]
                .as_object()
                .map(|features| features.keys().cloned().collect())
                .unwrap_or_default(),
            no_std: lib.lines().any(|line| line == "#![no_std]"),
        });
    }
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(crates)
}
