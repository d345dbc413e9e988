//! The table, the goals, and what `--save` writes.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use super::{Entry, Row, measure};

/// How the suites measure that run everybody in this process.
pub const CPU_TIME: &str =
    "Thread CPU time, interleaved rounds; ratio = ours / best peer by the best round.";

/// What the command line asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub quick: bool,
    /// Also peers that take long to build.
    pub all_peers: bool,
}

/// One suite's run.
pub struct Bench {
    suite: &'static str,
    options: Options,
    text: String,
    rows: Vec<Row>,
    goals: Vec<Goal>,
}

struct Goal {
    name: String,
    ratio: f64,
    bound: Bound,
}

/// What a ratio is to be.
#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    fn met(&self) -> bool {
        match self.bound {
            Bound::AtMost(target) => self.ratio <= target,
            Bound::AtLeast(target) => self.ratio >= target,
        }
    }

    /// At most 1 when the goal is met.
    fn share(&self) -> f64 {
        match self.bound {
            Bound::AtMost(target) => self.ratio / target,
            Bound::AtLeast(target) => target / self.ratio,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(target) => write!(f, "<={target:.3}"),
            Self::AtLeast(target) => write!(f, ">={target:.3}"),
        }
    }
}

impl Bench {
    pub fn new(suite: &'static str, method: &str, options: Options) -> Self {
        let mut bench = Self {
            suite,
            options,
            text: String::new(),
            rows: Vec::new(),
            goals: Vec::new(),
        };
        bench.say(&format!(
            "# `{suite}`{}\n\nProcessor: {}. {method}\n",
            if options.quick { " (quick)" } else { "" },
            processor(),
        ));
        bench
    }

    pub fn quick(&self) -> bool {
        self.options.quick
    }

    pub fn all_peers(&self) -> bool {
        self.options.all_peers
    }

    /// `full` rounds, fewer when quick.
    pub fn rounds(&self, full: usize) -> usize {
        if self.quick() {
            (full / 4).max(2)
        } else {
            full
        }
    }

    /// Prints a line and keeps it for the saved report.
    pub fn say(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub fn head(&mut self, title: &str) {
        self.say(&format!(
            "\n## {title}\n\n| case | implementation | ns/op best | ns/op median | allocs/op | ours / this |\n|---|---|---|---|---|---|"
        ));
    }

    /// Measures one case, prints its rows, and returns the ratio of ours to the best peer that answers rightly.
    pub fn case(
        &mut self,
        case: &str,
        operations: u64,
        rounds: usize,
        entries: Vec<Entry<'_>>,
    ) -> f64 {
        let rounds = self.rounds(rounds);
        let rows = measure(case, operations, rounds, entries);
        self.add(rows)
    }

    /// Takes rows that were measured elsewhere (a first row of ours, then peers).
    pub fn add(&mut self, rows: Vec<Row>) -> f64 {
        let ours = rows
            .iter()
            .find(|row| row.ours)
            .map_or(f64::NAN, |row| row.min);
        let best = rows
            .iter()
            .filter(|row| !row.ours && row.wrong.is_none())
            .map(|row| row.min)
            .fold(f64::INFINITY, f64::min);
        for row in &rows {
            let note = row
                .wrong
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            self.say(&format!(
                "| {} | {}{note} | {:.1} | {:.1} | {:.2} | {:.3} |",
                row.case,
                row.name,
                row.min,
                row.median,
                row.allocations,
                ours / row.min
            ));
        }
        self.rows.extend(rows);
        ours / best
    }

    /// The best-round time of ours, or of one peer, in a case that was measured.
    pub fn time(&self, case: &str, name: &str) -> f64 {
        self.rows
            .iter()
            .find(|row| row.case == case && row.name == name)
            .map_or(f64::NAN, |row| row.min)
    }

    /// Allocations per operation of one implementation in a case that was measured.
    pub fn allocations(&self, case: &str, name: &str) -> f64 {
        self.rows
            .iter()
            .find(|row| row.case == case && row.name == name)
            .map_or(f64::NAN, |row| row.allocations)
    }

    /// The ratio is to be `target` at most.
    pub fn goal(&mut self, name: &str, ratio: f64, target: f64) {
        self.goals.push(Goal {
            name: name.to_owned(),
            ratio,
            bound: Bound::AtMost(target),
        });
    }

    /// The ratio is to be `target` at least.
    pub fn goal_at_least(&mut self, name: &str, ratio: f64, target: f64) {
        self.goals.push(Goal {
            name: name.to_owned(),
            ratio,
            bound: Bound::AtLeast(target),
        });
    }

    /// Prints the goals, saves when asked, and answers with the exit code.
    pub fn finish(mut self, save: bool) -> ExitCode {
        self.say("\n## Goals\n");
        let goals = std::mem::take(&mut self.goals);
        for goal in &goals {
            let verdict = if goal.met() { "PASS" } else { "FAIL" };
            let line = format!(
                "GOAL {}.{} ratio={:.3} target{} {verdict}",
                self.suite, goal.name, goal.ratio, goal.bound
            );
            self.say(&line);
        }
        let missed = goals.iter().filter(|goal| !goal.met()).count();
        self.say(&format!(
            "\n{} goals met, {missed} missed",
            goals.len() - missed
        ));
        if save && let Err(error) = self.save(&goals) {
            eprintln!("bench: the results could not be saved: {error}");
            return ExitCode::FAILURE;
        }
        ExitCode::from(u8::from(missed > 0))
    }

    fn save(&self, goals: &[Goal]) -> std::io::Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        std::fs::create_dir_all(&folder)?;
        let date = jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
        let machine: String = processor()
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        std::fs::write(
            folder.join(format!("{date}-{machine}-{}.md", self.suite)),
            &self.text,
        )?;
        std::fs::write(
            folder.join(format!("{}.svg", self.suite)),
            chart(self.suite, goals),
        )
    }
}

/// A bar per goal: the measured ratio as a share of its target, which the vertical line marks.
fn chart(suite: &str, goals: &[Goal]) -> String {
    const ROW: usize = 22;
    const LEFT: f64 = 330.0;
    const TARGET: f64 = 300.0;
    let height = ROW * (goals.len() + 2);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"820\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"820\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"10\" y=\"16\" font-weight=\"bold\">{suite}: measured ratio against its goal (left of the line = met)</text>\n"
    );
    for (index, goal) in goals.iter().enumerate() {
        let y = ROW * (index + 1) + 6;
        let width = (goal.share() * TARGET).clamp(1.0, 450.0);
        let colour = if goal.met() { "#2a7f4f" } else { "#b3432b" };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"14\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{:.2} (goal {})</text>",
            LEFT - 8.0,
            y + 11,
            goal.name,
            LEFT + width + 6.0,
            y + 11,
            goal.ratio,
            goal.bound
                .to_string()
                .replace("<=", "≤ ")
                .replace(">=", "≥ ")
        );
    }
    let x = LEFT + TARGET;
    let _ = writeln!(
        svg,
        "<line x1=\"{x}\" y1=\"{ROW}\" x2=\"{x}\" y2=\"{height}\" stroke=\"#333333\" stroke-dasharray=\"4 3\"/>\n</svg>"
    );
    svg
}

fn processor() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("model name"))
                .and_then(|rest| rest.split_once(':'))
                .map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown".to_owned())
}
