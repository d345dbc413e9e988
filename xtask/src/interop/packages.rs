//! The packages that the scripts use, in folders of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::bounded;
use crate::workspace::root;

/// To fetch packages in.
const FETCH: Duration = Duration::from_secs(600);

/// A virtual environment with what `requirements.txt` pins: its interpreter, or why there is none.
pub fn python(folder: &Path) -> Result<PathBuf, String> {
    let python = folder.join("bin/python");
    if !python.exists() {
        must(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    }
    let requirements = root().join("gateway/interop/requirements.txt");
    must(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .arg("--requirement")
            .arg(requirements),
    )?;
    Ok(python)
}

/// A folder with what `package.json` pins, and the scripts beside it; or why there is none.
pub fn node(folder: &Path) -> Result<PathBuf, String> {
    must(Command::new("node").arg("--version"))?;
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    for file in fs::read_dir(root().join("gateway/interop")).map_err(failed)? {
        let file = file.map_err(failed)?;
        let name = file.file_name();
        let is_ours = Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "mjs" || extension == "json");
        if is_ours {
            fs::copy(file.path(), folder.join(name)).map_err(failed)?;
        }
    }
    // No program of a package is run: all have what they need with them.
    let options = [
        "--ignore-scripts",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
        "--silent",
    ];
    must(
        Command::new("npm")
            .arg("install")
            .args(options)
            .current_dir(folder),
    )?;
    Ok(folder.to_owned())
}

fn must(command: &mut Command) -> Result<(), String> {
    let ended = bounded::run(command, FETCH, None)?;
    if ended.is_success {
        return Ok(());
    }
    let program = command.get_program().display().to_string();
    let why = ended.complaints.iter().chain(&ended.said).next_back();
    Err(match why {
        _ if ended.was_stopped => format!("{program} did not end within {} s", FETCH.as_secs()),
        Some(why) => format!("{program}: {why}"),
        None => format!("{program} failed"),
    })
}
