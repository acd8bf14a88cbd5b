//! What the user sees while images move: lines and bars on stderr.
//!
//! Bars only where stderr is a terminal; elsewhere one line when a blob begins, as podman prints it.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Read, Write};
use std::time::{Duration, Instant};

/// Prints one line to stderr. A closed stderr is nobody's problem.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Where a pull tells how far it is.
pub struct Progress {
    bars: Option<MultiProgress>,
    quiet: bool,
}

/// One blob's bar, or none.
pub struct Bar(Option<ProgressBar>);

impl Progress {
    /// Chooses by what stderr is.
    #[must_use]
    pub fn new(quiet: bool) -> Progress {
        let bars = !quiet && std::io::stderr().is_terminal();
        let bars = bars.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)));
        Progress { bars, quiet }
    }

    /// A line above the bars.
    pub fn line(&self, line: &str) {
        match &self.bars {
            _ if self.quiet => {}
            // A terminal that went away is nobody's problem either.
            Some(bars) => drop(bars.println(line)),
            None => note(line),
        }
    }

    /// Begins a blob of `size` bytes.
    #[must_use]
    pub fn blob(&self, hex: &str, size: u64) -> Bar {
        let short = &hex[..12];
        let Some(bars) = &self.bars else {
            self.line(&format!("Copying blob {short}"));
            return Bar(None);
        };
        let style = ProgressStyle::with_template(
            "Copying blob {prefix} [{bar:30}] {binary_bytes} / {binary_total_bytes} {msg}",
        )
        .expect("the template is a constant")
        .progress_chars("=> ");
        let bar = bars.add(ProgressBar::new(size).with_style(style).with_prefix(short.to_string()));
        Bar(Some(bar))
    }

    /// Says that a blob was there already.
    pub fn present(&self, hex: &str) {
        self.line(&format!("Copying blob {} skipped: already exists", &hex[..12]));
    }
}

impl Bar {
    /// Moves the bar by what is read.
    pub fn watch<R: Read>(&self, from: R) -> Watched<'_, R> {
        Watched { from, bar: self, moved: Instant::now(), unseen: 0 }
    }

    /// It goes on from here: the beginning was sent before, or is sent again.
    pub fn goes_on_at(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
        }
    }

    /// The blob is complete, in another way than by its bytes.
    pub fn done_as(&self, how: &'static str) {
        if let Some(bar) = &self.0 {
            bar.finish_with_message(how);
        }
    }

    /// The blob is complete.
    pub fn done(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_with_message("done");
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.0.as_ref().filter(|bar| !bar.is_finished()) {
            bar.abandon();
        }
    }
}

/// A reader whose progress is shown, ten times a second at most: the terminal's own limit lets
/// twenty draws pass before it holds any back.
pub struct Watched<'a, R> {
    from: R,
    bar: &'a Bar,
    moved: Instant,
    /// Bytes since then.
    unseen: u64,
}

const BETWEEN: Duration = Duration::from_millis(100);

impl<R> Watched<'_, R> {
    fn show(&mut self) {
        if let Some(bar) = self.bar.0.as_ref().filter(|_| self.unseen > 0) {
            bar.inc(std::mem::take(&mut self.unseen));
            self.moved = Instant::now();
        }
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let got = self.from.read(into)?;
        self.unseen += got as u64;
        if self.bar.0.is_some() && self.moved.elapsed() >= BETWEEN {
            self.show();
        }
        Ok(got)
    }
}

impl<R> Drop for Watched<'_, R> {
    fn drop(&mut self) {
        self.show();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_moves_ten_times_a_second_from_the_first() {
        let bar = Bar(Some(ProgressBar::hidden()));
        let position = || bar.0.as_ref().unwrap().position();
        let (bytes, began) = ([0; 96 << 10], Instant::now());
        let mut watched = bar.watch(&bytes[..]);
        let mut places = std::collections::BTreeSet::new();
        while watched.read(&mut [0; 1 << 10]).unwrap() > 0 {
            places.insert(position());
        }
        let most = began.elapsed().as_millis() / BETWEEN.as_millis() + 1;
        assert!(places.len() as u128 <= most, "{places:?}");
        drop(watched);
        assert_eq!(position(), 96 << 10);
    }
}
