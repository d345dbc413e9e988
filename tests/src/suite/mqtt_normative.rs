//! `mqtt-normative.csv`: id, version, paraphrase, who, group. Each row that is not `session` must be cited by a positive
//! and a negative case in the codec's table of statements, or stand in its exceptions file with a reason. The cases
//! themselves are run by the codec's own tests.

use std::collections::HashMap;
use std::path::Path;

use crate::{Report, Verdict};

type Key = (String, String);

/// Which cases a statement has, or why it has none.
#[derive(Default)]
struct Cited {
    positive: bool,
    negative: bool,
    exception: Option<String>,
}

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let cited = citations()?;
    let mut report = Report::default();
    for record in csv::Reader::from_reader(bytes).records() {
        let record = record.map_err(|error| error.to_string())?;
        let [Some(id), Some(version), Some(who)] = [0, 1, 3].map(|index| record.get(index)) else {
            return Err("a field is missing".to_owned());
        };
        if who == "session" {
            continue;
        }
        let got = match cited.get(&(id.to_owned(), version.to_owned())) {
            None => "no case",
            Some(cited) if cited.exception.as_ref().is_some_and(String::is_empty) => {
                "an exception without a reason"
            }
            Some(cited) if cited.exception.is_some() && (cited.positive || cited.negative) => {
                "an exception and cases"
            }
            Some(
                Cited {
                    exception: Some(_), ..
                }
                | Cited {
                    positive: true,
                    negative: true,
                    ..
                },
            ) => "both",
            Some(Cited { positive: true, .. }) => "no negative case",
            Some(_) => "no positive case",
        };
        report.add(format!("{id} ({version})"), Verdict::of("both", got));
    }
    Ok(report)
}

fn citations() -> Result<HashMap<Key, Cited>, String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mqtt-codec/tests/data");
    let mut cited: HashMap<Key, Cited> = HashMap::new();
    for record in read(&data.join("statements.csv"))? {
        let entry = cited
            .entry((record[0].to_owned(), record[1].to_owned()))
            .or_default();
        match &record[2] {
            "positive" => entry.positive = true,
            "negative" => entry.negative = true,
            other => {
                return Err(format!(
                    "statements.csv: `{other}` is neither positive nor negative"
                ));
            }
        }
    }
    for record in read(&data.join("statements-exceptions.csv"))? {
        let entry = cited
            .entry((record[0].to_owned(), record[1].to_owned()))
            .or_default();
        entry.exception = Some(record[2].trim().to_owned());
    }
    Ok(cited)
}

fn read(path: &Path) -> Result<Vec<csv::StringRecord>, String> {
    csv::Reader::from_path(path)
        .and_then(|reader| reader.into_records().collect())
        .map_err(|error| format!("{}: {error}", path.display()))
}
