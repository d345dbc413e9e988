//! What was tried and what became of it.

use std::fmt;

pub enum Verdict {
    Passed,
    Skipped(String),
    Failed(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::Skipped(why) => write!(f, "skipped: {why}"),
            Self::Failed(why) => write!(f, "FAILED: {why}"),
        }
    }
}

pub struct Row {
    program: String,
    what: String,
    verdict: Verdict,
}

impl Row {
    pub fn new(program: &str, what: &str, verdict: Verdict) -> Self {
        Self {
            program: program.to_owned(),
            what: what.to_owned(),
            verdict,
        }
    }

    /// A line of a script; `None` for one that is no verdict.
    pub fn read(program: &str, line: &str) -> Option<Self> {
        if let Some(what) = line.strip_prefix("ok ") {
            return Some(Self::new(program, what, Verdict::Passed));
        }
        let (what, why) = line.strip_prefix("FAILED ")?.split_once(": ")?;
        Some(Self::new(program, what, Verdict::Failed(why.to_owned())))
    }

    pub fn has_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }

    pub fn failure(&self) -> Option<String> {
        match &self.verdict {
            Verdict::Failed(why) => Some(format!("{}: {why}", self.what)),
            Verdict::Passed | Verdict::Skipped(_) => None,
        }
    }
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub fn push(&mut self, program: &str, what: &str, verdict: Verdict) {
        self.add(Row::new(program, what, verdict));
    }

    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Row) -> &str| {
            let widths = self.rows.iter().map(|row| of(row).chars().count());
            widths.max().unwrap_or(0)
        };
        let (program, what) = (width(|row| &row.program), width(|row| &row.what));
        for row in &self.rows {
            writeln!(
                f,
                "{:program$}  {:what$}  {}",
                row.program, row.what, row.verdict
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_scripts() {
        let shown =
            |line| Row::read("paho", line).map(|row| format!("{}/{}", row.what, row.verdict));
        assert_eq!(shown("ok MQTT 5"), Some("MQTT 5/ok".to_owned()));
        assert_eq!(
            shown("FAILED a will: KeyError: 'x'"),
            Some("a will/FAILED: KeyError: 'x'".to_owned())
        );
        assert_eq!(shown("connecting"), None);
    }
}
