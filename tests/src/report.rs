use std::fmt;

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The implementation did what the case expects.
    Passed,
    /// It did something else.
    Failed {
        /// What the case expects.
        expected: String,
        /// What happened.
        got: String,
    },
    /// The case was not judged, for this reason.
    Skipped(String),
}

impl Verdict {
    /// Compares what a case expects with what happened.
    pub fn of(expected: impl fmt::Display, got: impl fmt::Display) -> Self {
        let (expected, got) = (expected.to_string(), got.to_string());
        if expected == got {
            Self::Passed
        } else {
            Self::Failed { expected, got }
        }
    }
}

/// The verdicts of one run of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    passed: usize,
    failures: Vec<String>,
    skips: Vec<String>,
}

impl Report {
    /// Adds the verdict on the case called `name`.
    pub fn add(&mut self, name: impl fmt::Display, verdict: Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed { expected, got } => {
                self.failures
                    .push(format!("FAIL {name}: expected {expected}, got {got}"));
            }
            Verdict::Skipped(reason) => self.skips.push(format!("SKIP {name}: {reason}")),
        }
    }

    /// Adds a line that is printed as it stands and counted as failed.
    pub fn add_failure_line(&mut self, line: String) {
        self.failures.push(line);
    }

    /// The number of cases that passed.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// One line per failed case.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// One line per skipped case, with its reason.
    pub fn skips(&self) -> &[String] {
        &self.skips
    }
}

/// The closing line: `N passed, N failed`, and `, N skipped` where cases were skipped.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failures.len())?;
        if !self.skips.is_empty() {
            write!(f, ", {} skipped", self.skips.len())?;
        }
        Ok(())
    }
}
