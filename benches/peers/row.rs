//! One row: contenders in turns, medians, ratios, and the line of the table.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What is counted, and which way is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    /// Seconds; less is better.
    Time,
    /// Bytes; less is better.
    Memory,
    /// Bytes per second.
    Throughput,
    /// Something per second.
    Rate,
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Unit::Time if value >= 1.0 => format!("{value:.2} s"),
            Unit::Time => format!("{:.1} ms", value * 1000.0),
            Unit::Memory => format!("{:.1} MiB", value / f64::from(1 << 20)),
            Unit::Throughput => format!("{:.1} Gbit/s", value * 8.0 / 1e9),
            Unit::Rate => format!("{value:.0}/s"),
        }
    }

    /// What box is, beside a peer.
    fn beside(self, own: f64, peer: f64) -> String {
        let (ratio, words) = match self {
            Unit::Time => (peer / own, ["faster", "slower"]),
            Unit::Memory => (peer / own, ["less", "more"]),
            Unit::Throughput | Unit::Rate => (own / peer, ["faster", "slower"]),
        };
        match ratio >= 1.0 {
            true => format!("{ratio:.2}x {}", words[0]),
            false => format!("{:.2}x {}", 1.0 / ratio, words[1]),
        }
    }
}

/// One program doing the work of a row.
pub(crate) struct Contender<'a> {
    name: String,
    /// Does round number N and says what it came to.
    turn: Box<dyn FnMut(usize) -> Result<f64, String> + 'a>,
    values: Vec<f64>,
    failed: Option<String>,
}

/// Names a contender; `turn` gets the round's number and returns what is counted.
pub(crate) fn contender<'a>(
    name: &str,
    turn: impl FnMut(usize) -> Result<f64, String> + 'a,
) -> Contender<'a> {
    Contender { name: name.to_string(), turn: Box::new(turn), values: Vec::new(), failed: None }
}

impl Contender<'_> {
    fn median(&self) -> Option<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let upper = sorted.get(sorted.len() / 2)?;
        let lower = sorted.get((sorted.len() - 1) / 2)?;
        Some((lower + upper) / 2.0)
    }
}

/// What is measured how often.
pub(crate) struct Row<'a> {
    /// With the network, the log driver and whatever else decides.
    pub(crate) what: String,
    pub(crate) unit: Unit,
    pub(crate) aim: &'a str,
    /// At most; fewer when the row's time is over.
    pub(crate) rounds: usize,
    /// Rounds before them that do not count.
    pub(crate) warm_up: usize,
    /// The first is box.
    pub(crate) contenders: Vec<Contender<'a>>,
}

/// No row goes on to another round after so long. On a busy machine, where a pull takes half a
/// minute, its first round is then its only one, and counts.
const PATIENCE: Duration = Duration::from_secs(15);

/// The same once the whole run has taken so long.
const HURRY: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(5));

/// Nothing is begun any more after so long.
const END: Duration = Duration::from_secs(540);

/// What the run came to.
#[derive(Debug)]
pub(crate) struct Report {
    begin: Instant,
    table: Vec<String>,
    failed: bool,
}

impl Report {
    pub(crate) fn new() -> Report {
        Report { begin: Instant::now(), table: Vec::new(), failed: false }
    }

    /// Whether there is time for another topic.
    pub(crate) fn goes_on(&self) -> bool {
        self.begin.elapsed() < END
    }

    /// A line for whoever watches.
    pub(crate) fn note(&self, text: &str) {
        // Whoever closed our output wants no more of it; the measuring is cheap enough to go on.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// A row that could not be measured.
    pub(crate) fn skip(&mut self, row: &str, why: &str) {
        self.note(&format!("\n{row}: row skipped: {why}"));
        self.table.push(format!("| {row} | row skipped: {} | | |", why.replace('|', "/")));
        self.failed = true;
    }

    /// Runs the contenders in turns. One that fails is out, and the report says why.
    pub(crate) fn row(&mut self, mut row: Row<'_>) {
        let begin = Instant::now();
        let patience = if self.begin.elapsed() > HURRY.0 { HURRY.1 } else { PATIENCE };
        for round in 0..row.rounds + row.warm_up {
            if round > 0 && begin.elapsed() > patience {
                break;
            }
            if round == row.warm_up {
                row.contenders.iter_mut().for_each(|one| one.values.clear());
            }
            // Each other round in the other order: what one wrote is written out in the next one's time.
            let mut order: Vec<_> = row.contenders.iter_mut().filter(|one| one.failed.is_none()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for contender in order {
                match (contender.turn)(round) {
                    Ok(value) => contender.values.push(value),
                    Err(why) => contender.failed = Some(why),
                }
            }
        }
        self.print(&row);
    }

    fn print(&mut self, row: &Row<'_>) {
        let rounds = row.contenders.iter().map(|one| one.values.len()).max().unwrap_or(0);
        let many = if rounds == 1 { "1 round".to_string() } else { format!("{rounds} rounds") };
        self.note(&format!("\n{} ({many}; aim: {})", row.what, row.aim));
        let own = row.contenders.first().and_then(Contender::median);
        let mut peers = String::new();
        for (number, one) in row.contenders.iter().enumerate() {
            let middle = match (&one.failed, one.median()) {
                (None, Some(middle)) => middle,
                (why, _) => {
                    let why = why.as_deref().unwrap_or("it was never its turn");
                    self.note(&format!("  {:<30} left out: {why}", one.name));
                    self.failed |= number == 0;
                    continue;
                }
            };
            let least = one.values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = one.values.iter().copied().fold(0.0, f64::max);
            let beside = match own {
                Some(own) if number > 0 => format!("box is {}", row.unit.beside(own, middle)),
                _ => String::new(),
            };
            let text = |value| row.unit.text(value);
            self.note(&format!(
                "  {:<30} {:>12} ({} to {})  {beside}",
                one.name,
                text(middle),
                text(least),
                text(most)
            ));
            if number > 0 {
                let comma = if peers.is_empty() { "" } else { "; " };
                let _ = write!(peers, "{comma}{} {}: {beside}", one.name, text(middle));
            }
        }
        let own = own.map_or("failed".to_string(), |own| row.unit.text(own));
        self.table.push(format!("| {} | {own} | {peers} | {} |", row.what, row.aim));
    }

    /// The table as README has it.
    pub(crate) fn finish(self) -> ExitCode {
        self.note("\n| what | box | peers | aim |\n|---|---|---|---|");
        for line in &self.table {
            self.note(line);
        }
        if self.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
